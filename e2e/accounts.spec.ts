// Who may come in: the first administrator, signing in and out, sessions that end, accounts.
import { ask, connection, expect, item, key, menu, password, setUp, signIn, test } from './people';

test('a newcomer follows the printed link and is in', async ({ page, server, complaints }) => {
  complaints.expect(/400/);
  await page.goto(server.setUpLink);
  await expect(page.getByRole('heading', { name: 'Set up this server' })).toBeVisible();
  await expect(page.getByLabel('Account')).toBeFocused();
  expect(page.url(), 'the secret does not stay in the address bar').toBe(`${server.url}/_ui/_setup`);

  // What is wrong is said beside its field, and the first wrong one has the focus.
  await page.getByLabel('Account').fill('a');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await expect(page.getByLabel('Account')).toBeFocused();
  await expect(page.getByLabel('Account')).toHaveAccessibleDescription(/2 to 32 characters/);
  await expect(page.getByText('at least 8 characters')).toBeVisible();
  await page.getByLabel('Account').fill('ann');
  await expect(page.getByText('2 to 32 characters'), 'as one types').toHaveCount(0);
  await page.getByLabel('Password', { exact: true }).fill('password1');
  await page.getByLabel('Password', { exact: true }).press('Enter');
  await expect(page.getByText('a password that everybody tries first')).toBeVisible();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Password', { exact: true }).press('Enter');

  await expect(connection(page)).toHaveText('Live');
  await expect(page.getByRole('button', { name: 'Signed in as ann' })).toBeVisible();
  expect(page.url()).toBe(`${server.url}/`);
  const history = await page.evaluate(() => performance.getEntriesByType('navigation').map((it) => it.name));
  expect(history.length).toBe(1);

  // It survives a reload, and the link has done its work.
  await page.reload();
  await expect(connection(page)).toHaveText('Live');
  await menu(page, 'Sign out');
  await expect(page.getByText('You have signed out')).toBeVisible();
  await page.goto(server.setUpLink);
  await expect(page.getByText('This server is set up already')).toBeVisible();
});

test('a wrong password is said to be wrong, the right one leads to where one wanted to go', async ({ page, server, complaints, browser }) => {
  complaints.expect(/401/);
  await setUp(page, server);
  await ask(page, 'POST', '/books/dune', { title: 'Dune' });
  const other = await browser.newContext({ baseURL: server.url });
  const stranger = await other.newPage();
  await stranger.goto('/_ui/books/dune');

  await signIn(stranger, 'ann', 'not the password');
  await expect(stranger.getByRole('alert').filter({ hasText: 'The account or the password is wrong.' })).toBeVisible();
  await signIn(stranger, 'ann');
  await expect(stranger.getByRole('heading', { level: 1 })).toHaveText('books/dune');
  await expect(stranger.getByRole('treeitem')).toHaveText('title"Dune"');
  await other.close();
});

test.describe('with tokens that are good for three seconds', () => {
  test.use({ settings: ['--token-lifetime', '3s'] });

  test('a session is renewed while one watches', async ({ page, server }) => {
    await setUp(page, server);
    await ask(page, 'POST', '/books/dune', { title: 'Dune' });
    await key(page, 'books/*').click();
    await expect(item(page, 'books/dune')).toBeVisible();
    let sockets = 0;
    page.on('websocket', () => (sockets += 1));

    // Two renewals: the token that was there at the start is long over.
    const renewed = () => page.waitForResponse((it) => it.request().method() === 'PUT' && it.url().endsWith('/authorize'));
    for (const pages of [1, 2, 3]) {
      expect((await renewed()).status()).toBe(200);
      await ask(page, 'POST', '/books/dune', { title: 'Dune', pages });
      await expect(item(page, 'books/dune')).toContainText(`pages${pages}`);
    }
    await expect(connection(page)).toHaveText('Live');
    expect(sockets, 'no socket had to be made anew').toBe(0);
  });

  test('two tabs renew one session in turns, and sign out together', async ({ page, server, context, complaints }) => {
    await setUp(page, server);
    const renewals: number[] = [];
    context.on('request', (it) => {
      if (it.method() === 'PUT') renewals.push(Date.now());
    });
    const tab = await context.newPage();
    complaints.listen(tab);
    await tab.goto('/');
    await expect(connection(tab)).toHaveText('Live');
    await expect.poll(() => renewals.length, { timeout: 20_000 }).toBeGreaterThan(3);
    const pauses = renewals.slice(1).map((time, index) => time - renewals[index]);
    expect(Math.min(...pauses), `never twice for one token: ${pauses}`).toBeGreaterThan(1_000);

    complaints.expect(/401/);
    await menu(tab, 'Sign out');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await signIn(page, 'ann');
    await expect(connection(tab), 'and in').toHaveText('Live');
  });

  test('a page that slept goes on from what it had', async ({ page, server, context, complaints }) => {
    complaints.expect(/ERR_FAILED/);
    await setUp(page, server);
    await ask(page, 'POST', '/books/dune', { title: 'Dune' });
    await key(page, 'books/*').click();
    await expect(item(page, 'books/dune')).toBeVisible();

    // Its timers do not run, as in a laptop that is closed: the token expires.
    const refused = page.waitForEvent('websocket', { timeout: 20_000 });
    await context.route('**/authorize', (route) => route.abort());
    await refused;
    await expect(connection(page)).toHaveText('Reconnecting');
    await context.unroute('**/authorize');

    await expect(connection(page)).toHaveText('Live', { timeout: 20_000 });
    await ask(page, 'POST', '/books/emma', { title: 'Emma' });
    await expect(item(page, 'books/emma')).toBeVisible();
  });
});

test('a session that ended elsewhere is taken up again where one was', async ({ page, server, complaints }) => {
  complaints.expect(/401/);
  await setUp(page, server);
  await ask(page, 'POST', '/books/dune', { title: 'Dune' });
  await page.goto('/_ui/books/*');
  await expect(item(page, 'books/dune')).toBeVisible();
  await page.getByLabel('Filter keys').fill('boo');

  expect(await ask(page, 'DELETE', '/sessions')).toBe(204);
  await expect(page.getByText('Your session has ended')).toBeVisible();
  await expect(item(page, 'books/dune'), 'nothing of it can be seen').toBeHidden();

  await expect(page.getByLabel('Account')).toHaveValue('ann');
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused();
  await signIn(page, 'ann');
  await expect(item(page, 'books/dune')).toBeVisible();
  expect(page.url()).toBe(`${server.url}/_ui/books/*`);
  await expect(page.getByLabel('Filter keys'), 'what was typed is still there').toHaveValue('boo');
  await expect(connection(page)).toHaveText('Live');
  await ask(page, 'POST', '/books/dune', { title: 'Dune', pages: 412 });
  await expect(item(page, 'books/dune')).toContainText('pages412');
});

test('an administrator makes an account, which signs in and is no administrator', async ({ page, server, browser, complaints }) => {
  complaints.expect(/401|403/);
  await setUp(page, server);
  await menu(page, 'Accounts');
  await page.getByRole('link', { name: 'New account' }).click();
  await page.getByLabel('Account', { exact: true }).fill('ann');
  await page.getByLabel('Password', { exact: true }).fill(password);
  complaints.expect(/409/);
  await page.getByRole('button', { name: 'Make the account' }).click();
  await expect(page.getByText('This name is taken')).toBeVisible();
  await page.getByLabel('Account', { exact: true }).fill('bob');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.getByRole('link', { name: /^bob/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('bob');

  const other = await browser.newContext({ baseURL: server.url });
  const bob = await other.newPage();
  await bob.goto('/_ui/_accounts');
  await signIn(bob, 'bob');
  await expect(bob.getByText('This is for administrators').last()).toBeVisible();
  await bob.getByRole('button', { name: 'Signed in as bob' }).click();
  await expect(bob.locator('#user-menu').getByText('Your profile')).toBeVisible();
  await expect(bob.locator('#user-menu').getByText('Accounts')).toHaveCount(0);
  expect(await ask(bob, 'GET', '/users')).toBe(403);

  // Disabled, bob is out at once.
  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(bob.getByText(/account is disabled|session has ended/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Enable' })).toBeVisible();
  await signIn(bob, 'bob');
  await expect(bob.getByText('This account is disabled. An administrator')).toBeVisible();

  // Deleting asks first.
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete the account' }).click();
  await expect(page.getByRole('link', { name: /^ann/ })).toBeVisible();
  await expect(page.getByRole('link', { name: /^bob/ })).toHaveCount(0);
  await other.close();
});

test.describe('where people can make themselves an account', () => {
  test.use({ settings: ['--registration', 'reader'] });

  test('somebody does, and is in with the role that is set', async ({ page, server, browser, complaints }) => {
    complaints.expect(/409/);
    await setUp(page, server);
    const other = await browser.newContext({ baseURL: server.url });
    const bob = await other.newPage();
    complaints.listen(bob);
    await bob.goto('/_ui/books/*');
    await bob.getByRole('button', { name: 'Make an account' }).click();
    await bob.getByLabel('Account', { exact: true }).fill('ann');
    await bob.getByLabel('Password', { exact: true }).fill(password);
    await bob.getByLabel('Password', { exact: true }).press('Enter');
    await expect(bob.getByText('This name is taken')).toBeVisible();
    await bob.getByLabel('Account', { exact: true }).fill('bob');
    await bob.getByLabel('Password', { exact: true }).press('Enter');

    await expect(connection(bob), 'and is where they wanted to go').toHaveText('Live');
    expect(bob.url()).toBe(`${server.url}/_ui/books/*`);
    const profile = await bob.evaluate(async () => (await fetch('/profile')).json());
    expect([profile.account, profile.roles]).toEqual(['bob', ['reader']]);
    await page.goto('/_ui/_accounts');
    await expect(page.getByRole('link', { name: /^bob/ })).toContainText('reader');
    await other.close();
  });
});

test.describe('behind a proxy', () => {
  test.use({ settings: ['--trusted-proxies', '127.0.0.1'] });

  test('an administrator sees that strangers guess at an account, and lifts the lock', async ({ page, server, browser, complaints }) => {
    complaints.expect(/429/);
    await setUp(page, server);
    expect(await ask(page, 'POST', '/create', { account: 'bob', password })).toBe(200);
    const guess = JSON.stringify({ account: 'bob', password: 'not the password' });
    for (let address = 1; address <= 25; address += 1) {
      const headers = { 'X-Forwarded-For': `10.0.0.${address}` };
      const refused = await fetch(`${server.url}/authorize`, { method: 'POST', headers, body: guess });
      expect(refused.status).toBe(401);
    }
    const other = await browser.newContext({ baseURL: server.url });
    const bob = await other.newPage();
    complaints.listen(bob);
    complaints.expect(/401/);
    await bob.goto('/');
    await signIn(bob, 'bob');
    await expect(bob.getByRole('alert').filter({ hasText: 'Too many tries' })).toBeVisible();

    await menu(page, 'Accounts');
    await expect(page.getByRole('link', { name: /^bob/ })).toContainText('locked');
    await page.getByRole('link', { name: /^bob/ }).click();
    await expect(page.getByText('After 25 tries in vain')).toBeVisible();
    await page.getByRole('button', { name: 'Lift the lock' }).click();
    await expect(page.getByText('Locked for strangers')).toBeHidden();

    await signIn(bob, 'bob');
    await expect(connection(bob)).toHaveText('Live');
    await other.close();
  });
});

test('the only administrator stays one', async ({ page, server, complaints }) => {
  complaints.expect(/409/);
  await setUp(page, server);
  await page.goto('/_ui/_accounts/ann');
  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByText('This is the only administrator')).toBeVisible();
  await expect(connection(page)).toHaveText('Live');
});

test('one changes how one is called, and the password', async ({ page, server, complaints }) => {
  complaints.expect(/401/);
  await setUp(page, server);
  await menu(page, 'Your profile');
  await page.getByLabel('Name', { exact: true }).fill('Ann Lee');
  await page.getByLabel('Email').fill('ann');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('Email')).toBeFocused();
  await page.getByLabel('Email').fill('ann@example.org');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved')).toBeVisible();

  await page.getByLabel('Your password now').fill('not the password');
  await page.getByLabel('New password').fill('another horse battery');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('This is not your password.')).toBeVisible();
  await page.getByLabel('Your password now').fill(password);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('Changed.')).toBeVisible();
  await expect(connection(page)).toHaveText('Live');

  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await expect(page.getByText('You have signed out')).toBeVisible();
  await signIn(page, 'ann', 'another horse battery');
  await expect(connection(page)).toHaveText('Live');
});

test('a browser without an account gets nothing but the page to sign in', async ({ page, server, browser }) => {
  await setUp(page, server);
  await ask(page, 'POST', '/books/dune', { title: 'Dune' });

  const other = await browser.newContext({ baseURL: server.url });
  const stranger = await other.newPage();
  const asked: string[] = [];
  stranger.on('request', (request) => asked.push(new URL(request.url()).pathname));
  let sockets = 0;
  stranger.on('websocket', () => (sockets += 1));
  for (const address of ['/', '/_ui/books/*', '/_ui/books/dune', '/_ui/_accounts', '/_ui/_profile']) {
    await stranger.goto(address);
    await expect(stranger.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await expect(stranger.locator('.shell')).toHaveCount(0);
  }
  const own = /^\/(_ui\/.*|_pkg\/.*|favicon.svg|manifest.webmanifest|authorize)?$/;
  expect(asked.filter((path) => !own.test(path)), 'nothing else is asked for').toEqual([]);
  expect(sockets).toBe(0);

  for (const path of ['/books/*', '/books/dune', '/?api=keys', '/?api=info', '/users', '/profile', '/sessions']) {
    expect((await other.request.get(path)).status(), path).toBe(401);
  }
  for (const path of ['/_keys', '/books/*', '/']) {
    const code = await stranger.evaluate(
      (path) =>
        new Promise((resolve) => {
          const socket = new WebSocket(path.replace(/^/, location.origin.replace('http', 'ws')), 'monoxide.v1');
          socket.onopen = () => socket.send('{"auth":null}');
          socket.onmessage = (event) => resolve(event.data);
          socket.onclose = (event) => resolve(event.code);
        }),
      path,
    );
    expect(code, path).toBe(4401);
  }
  await other.close();
});
