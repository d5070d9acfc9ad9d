// A proxy before a server, as a site has one that has more than this server behind it.
import { type IncomingMessage, type RequestOptions, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Proxy {
  url: string;
  close(): Promise<void>;
}

/** Has what is below `prefix` answered by the server at `target`, told of the prefix or not. */
export async function proxy(target: () => string, prefix: string, passesOn: boolean): Promise<Proxy> {
  const seen = new Set<Duplex>();
  const asked = ({ method, headers, url = '/' }: IncomingMessage): RequestOptions | undefined => {
    const below = url.slice(prefix.length);
    if (!url.startsWith(prefix) || !/^([/?]|$)/.test(below)) return undefined;
    const { hostname, port } = new URL(target());
    return { method, headers, hostname, port, path: passesOn ? url : below.startsWith('/') ? below : `/${below}` };
  };
  const server = createServer((incoming, answer) => {
    const options = asked(incoming);
    if (!options) return void answer.writeHead(404).end('this is the site around it');
    const outgoing = request(options, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    outgoing.on('error', () => answer.writeHead(502).end());
    incoming.pipe(outgoing);
  });
  server.on('upgrade', (incoming, socket, head) => {
    const options = asked(incoming);
    if (!options) return socket.destroy();
    const outgoing = request(options);
    const join = (one: Duplex, other: Duplex) => {
      seen.add(one).add(other);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    };
    outgoing.on('upgrade', (answered, behind, rest) => {
      const lines = answered.rawHeaders.flatMap((it, at, all) => (at % 2 ? [] : [`${it}: ${all[at + 1]}`]));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      behind.write(head);
      socket.write(rest);
      join(socket, behind);
      join(behind, socket);
      behind.pipe(socket).pipe(behind);
    });
    outgoing.on('response', (answered) => socket.end(`HTTP/1.1 ${answered.statusCode} Refused\r\n\r\n`));
    outgoing.on('error', () => socket.destroy());
    outgoing.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
      seen.forEach((socket) => socket.destroy());
    });
  return { url: `http://127.0.0.1:${port}`, close };
}
