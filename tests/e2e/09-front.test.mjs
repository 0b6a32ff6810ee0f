// What stands before the server: redirects, TLS, headers, oversized and slow requests, unknown hosts.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import fs from 'node:fs';
import test, { after, before } from 'node:test';
import { Instance, sleep, until } from './lib.mjs';

const sejf = new Instance({ charters: ['events'] });
let token;
before(async () => { await sejf.start(); token = sejf.token('events', sejf.tenant('events'), 'organiser'); });
after(() => sejf.remove());

const connect = (options = {}) => tls.connect({ host: 'localhost', port: sejf.port, servername: 'localhost', ca: fs.readFileSync(sejf.ca), ...options });
function say(text, { wait = 10000, ...options } = {}) {
  return new Promise((done) => {
    const s = connect(options);
    let got = '';
    const timer = setTimeout(() => s.destroy(), wait);
    s.on('secureConnect', () => s.write(text));
    s.on('data', (d) => { got += d; });
    s.on('error', () => {});
    s.on('close', () => { clearTimeout(timer); done(got); });
  });
}

test('the plain port answers 308 and nothing else, whatever is asked', async () => {
  for (const method of ['GET', 'POST', 'DELETE']) {
    const r = await new Promise((done, fail) => { const q = http.request({ host: 'localhost', port: sejf.port + 1, path: '/v1/events/registration', method }, (res) => { res.resume(); done(res); }); q.on('error', fail); q.end(); });
    assert.equal(r.statusCode, 308, method);
    assert.equal(r.headers.location, `https://localhost:${sejf.port}/v1/events/registration`);
  }
});

test('TLS 1.3 is preferred, 1.2 goes, 1.1 does not; HTTP/2 is offered', async () => {
  const version = (options) => new Promise((done) => { const s = connect(options); s.on('secureConnect', () => { done(`${s.getProtocol()} ${s.alpnProtocol}`); s.destroy(); }); s.on('error', () => done('refused')); });
  assert.equal(await version({ ALPNProtocols: ['h2', 'http/1.1'] }), 'TLSv1.3 h2');
  assert.equal(await version({ maxVersion: 'TLSv1.2' }), 'TLSv1.2 false');
  assert.equal(await version({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), 'refused');
});

test('security headers stand on pages and answers', async () => {
  const r = await sejf.call('GET', '/s/events');
  assert.match(r.headers['strict-transport-security'], /max-age=\d{7,}/);
  assert.match(r.headers['content-security-policy'], /default-src 'none'|default-src 'self'/);
  assert.doesNotMatch(r.headers['content-security-policy'], /unsafe-inline|unsafe-eval/);
  assert.equal(r.headers['x-content-type-options'], 'nosniff');
  assert.match(r.headers['referrer-policy'], /no-referrer/);
  assert.ok(!/nginx\/\d/.test(r.headers.server || ''));
  const api = await sejf.call('GET', '/v1/events/event', { token });
  assert.match(api.headers['strict-transport-security'], /max-age/);
  assert.match(api.headers['cache-control'], /no-store/);
});

test('a slow request is cut off and takes no slot from others', { timeout: 120000 }, async () => {
  let closed = 0;
  const slow = Array.from({ length: 50 }, () => {
    const s = connect();
    s.on('error', () => {});
    s.on('close', () => { closed++; });
    s.on('secureConnect', () => s.write('POST /v1/events/event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{'));
    return s;
  });
  await sleep(500);
  assert.equal((await sejf.call('GET', '/v1/events/event', { token })).status, 200);
  try {
    await until('every slow body to be cut off', () => closed === slow.length, 90000);
  } finally {
    slow.forEach((s) => s.destroy());
  }
});

test('smuggled and oversized requests are refused', async () => {
  const head = 'POST /v1/events/event HTTP/1.1\r\nHost: localhost\r\n';
  for (const [name, text] of [
    ['two lengths', `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['length and chunked', `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['odd encoding', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['long header', `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(70000)}\r\n\r\n`],
    ['long address', `GET /${'x'.repeat(70000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['unknown host', 'GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n'],
  ]) {
    const got = await say(text, { wait: 5000 });
    assert.ok(got === '' || /^HTTP\/1\.1 (4\d\d|501)/.test(got), `${name}: ${got.slice(0, 60)}`);
    assert.ok(!/HTTP\/1\.1 2\d\d/.test(got), name);
  }
});

test('a dead child is started anew within two seconds', async () => {
  for (const name of ['server', 'keeper', 'nginx']) {
    const pid = fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n)).map(Number).find((p) => {
      try {
        const stat = fs.readFileSync(`/proc/${p}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === sejf.child.pid && fs.readFileSync(`/proc/${p}/cmdline`, 'utf8').includes(name);
      } catch { return false; }
    });
    assert.ok(pid, name);
    process.kill(pid, 'SIGKILL');
    const began = Date.now();
    let up = false;
    await sleep(100);
    while (!up && Date.now() - began < 60000) { try { up = (await sejf.call('GET', '/v1/events/event', { token, timeout: 1000 })).status === 200; } catch { await sleep(50); } }
    assert.ok(up, `${name}: ${Date.now() - began} ms`);
    console.log(`# ${name} back after ${Date.now() - began} ms`);
  }
});
