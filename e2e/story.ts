// What every story begins with: a server of its own, and a page that may not complain.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Locator, type Page, test as base, expect } from '@playwright/test';

export { expect } from '@playwright/test';

const program = resolve(import.meta.dirname, process.env.MONOXIDE_BIN ?? '../target/release/monoxide');

/** A running program in an empty folder, and what `curl` would do with it. */
export class Server {
  url = '';
  /** Where the first administrator is made, as the terminal shows it. */
  setUpLink = '';
  #process?: ChildProcess;

  private constructor(
    private readonly folder?: string,
    private readonly settings: string[] = [],
  ) {}

  /** Starts one; without other settings it asks nobody who they are. */
  static async start(settings = ['--open']): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'monoxide-')), settings);
    await server.#start('127.0.0.1:0');
    return server;
  }

  /** A server that someone else has started. */
  static running(url: string): Server {
    const server = new Server();
    server.url = url;
    return server;
  }

  async #start(addr: string): Promise<void> {
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
    const child = spawn(program, ['--memory', '--addr', addr, '--log', 'warn', ...this.settings], { cwd: this.folder, stdio });
    this.#process = child;
    this.url = '';
    this.setUpLink = '';
    const wantsLink = !this.settings.includes('--open');
    for await (const line of createInterface(child.stdout)) {
      this.url ||= line.match(/^listening on (http:\/\/\S+)$/)?.[1] ?? '';
      this.setUpLink ||= line.match(/http:\/\/\S+\/_ui\/_setup#\S+/)?.[0] ?? '';
      if (this.url && (this.setUpLink || !wantsLink)) return;
    }
    throw new Error(`${program} ended before it listened`);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
  }

  /** Ends it as a power cut would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Starts it again on the same port. */
  restart(): Promise<void> {
    return this.#start(new URL(this.url).host);
  }

  async close(): Promise<void> {
    await this.#end('SIGTERM');
    if (this.folder) await rm(this.folder, { recursive: true });
  }

  async #request(method: string, key: string, body?: unknown): Promise<string> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${this.url}/${key}`, { method, body: text });
    if (!response.ok) throw new Error(`${method} /${key}: ${response.status} ${await response.text()}`);
    return response.text();
  }

  /** Sets an object, or pushes one to a list. A string is JSON already. Tells the index. */
  async write(key: string, data: unknown): Promise<string> {
    return JSON.parse(await this.#request('POST', key, data)).index;
  }

  async patch(key: string, data: unknown): Promise<void> {
    await this.#request('PATCH', key, data);
  }

  async remove(key: string): Promise<void> {
    await this.#request('DELETE', key);
  }
}

/** What a page complains of: mistakes in its program, its console, and its answers. */
export class Complaints {
  readonly #heard: string[] = [];
  // A browser warns when a socket is given up before it is open, as when one goes back and forth quickly.
  readonly #expected = [/closed before the connection is established/];

  listen(page: Page): void {
    page.on('pageerror', (error) => this.#heard.push(`error: ${error.message}`));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#heard.push(`console: ${message.text()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.#heard.push(`${response.status()}: ${response.url()}`);
    });
  }

  /** A story in which something breaks says what may be heard of it. */
  expect(complaint: RegExp): void {
    this.#expected.push(complaint);
  }

  get unexpected(): string[] {
    return this.#heard.filter((heard) => !this.#expected.some((it) => it.test(heard)));
  }
}

export const test = base.extend<{ server: Server; complaints: Complaints }>({
  server: async ({}, use) => {
    const running = process.env.MONOXIDE_URL;
    const server = running ? Server.running(running) : await Server.start();
    await use(server);
    await server.close();
  },
  baseURL: async ({ server }, use) => use(server.url),
  complaints: async ({}, use) => {
    const complaints = new Complaints();
    await use(complaints);
    expect(complaints.unexpected).toEqual([]);
  },
  page: async ({ page, complaints }, use) => {
    complaints.listen(page);
    await use(page);
  },
});

/** Opens an address of the page and waits until it is live. */
export async function open(page: Page, address = '/'): Promise<void> {
  await page.goto(address);
  await expect(connection(page)).toHaveText('Live');
}

/** The word in the header that says how the connection is. */
export function connection(page: Page): Locator {
  return page.locator('.connection');
}

/** The link of a key or a list in the column on the left. */
export function key(page: Page, name: string): Locator {
  return page.getByRole('navigation', { name: 'Keys' }).locator(`a[href="/_ui/${name}"]`);
}

/** The row of an object in a list. */
export function item(page: Page, name: string): Locator {
  return page.locator(`.item[data-key="${name}"]`);
}

/** The line of a value in a tree, by its JSON Pointer. */
export function line(within: Page | Locator, pointer: string): Locator {
  return within.locator(`[role=treeitem][data-place="${pointer}"]`);
}

/** Keeps a picture in the ignored folder `screenshots`. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(import.meta.dirname, 'screenshots', `${name}.png`) });
}
