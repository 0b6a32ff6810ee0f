// relay.mjs — a relay that takes every letter and keeps none, in a thread of its own: it answers while the test waits for a command (sink.mjs is the one
// that keeps what it is given, and bends).
//   const relay = await Relay.start();       // relay.port
//   await relay.stop();                      // a test that forgets it ends all the same
import net from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

export class Relay {
  static async start() {
    const r = new Relay();
    r.worker = new Worker(new URL(import.meta.url));
    r.port = await new Promise((done, fail) => { r.worker.once('message', done); r.worker.once('error', fail); });
    r.worker.unref();
    return r;
  }
  stop() { return this.worker.terminate(); }
}

const answers = { ehlo: '250-relay\r\n250 8BITMIME', helo: '250 relay', mail: '250 ok', rcpt: '250 ok', data: '354 go on', rset: '250 ok', noop: '250 ok', quit: '221 bye' };
function talk(s) {
  let text = '', data = false;
  s.on('error', () => {});
  s.write('220 relay\r\n');
  s.on('data', (d) => {
    text += d.toString('latin1');
    for (;;) {
      const mark = data ? '\r\n.\r\n' : '\r\n', at = text.indexOf(mark);
      if (at < 0) { if (data) text = text.slice(-4); return; }
      const word = text.slice(0, 4).toLowerCase();
      text = text.slice(at + mark.length);
      s.write(`${data ? '250 taken' : answers[word] || '502 what'}\r\n`);
      if (!data && word === 'quit') s.end();
      data = !data && word === 'data';
    }
  });
}

if (!isMainThread) {
  const server = net.createServer(talk);
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}
