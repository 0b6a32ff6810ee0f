// 26-mail: letters leave through a relay: with TLS and sign-in, over real sockets; relays that refuse, stall, lie and break off; processes that are
// killed at each step. Whatever happens, no letter arrives twice, and none is lost but by a cut within its last answer, which is told.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import { freePort, grep, Instance, until } from './lib.mjs';
import { certificate, Sink } from './sink.mjs';

const cleanup = [];
after(async () => { for (const fn of cleanup.reverse()) await fn(); });

async function sink(options) {
  const s = await Sink.start(options);
  cleanup.push(() => s.stop());
  return s;
}
async function start(relay, extra = {}) {
  const sejf = await new Instance({ charters: ['events'] }).init();
  cleanup.push(() => sejf.remove());
  if (relay.install) relay.install(sejf, extra);
  else fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), relay);
  await sejf.start();
  sejf.tenantNumber = sejf.tenant('events');
  return sejf;
}
const send = async (sejf, to) => {
  const r = await sejf.runAsync(['mail', 'test', '-', '--tenant', String(sejf.tenantNumber), '--json'], { input: `${to}\n` });
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout).letter;
};
const list = async (sejf) => {
  const r = await sejf.runAsync(['mail', 'list', '--tenant', String(sejf.tenantNumber), '--json']);
  assert.equal(r.status, 0, r.stderr);
  return r.stdout.split('\n').filter((l) => l.includes('"cause"')).map((l) => JSON.parse(l));
};
const letter = (sejf, id, state, ms = 60000) => until(`letter ${id} to be ${state}`, async () => {
  const one = (await list(sejf)).find((l) => l.id === id);
  return one && new RegExp(`^(${state})$`).test(one.state) ? one : null;
}, ms, 300);
const pid = (sejf, name) => Number(fs.readFileSync(path.join(sejf.data, 'run', `${name}.pid`), 'utf8'));

// A relay of sockets alone, for what a real server would never do. script: the answers to greeting, EHLO, MAIL, RCPT, DATA, the dot; a text, null for
// none and the end of the connection, or a function of the socket.
class Bent {
  static async start(script) {
    const b = Object.assign(new Bent(), { script, ids: [], port: await freePort() });
    b.server = net.createServer((s) => b.talk(s));
    await new Promise((done) => b.server.listen(b.port, '127.0.0.1', done));
    cleanup.push(() => new Promise((done) => { for (const s of b.sockets) s.destroy(); b.server.close(done); }));
    return b;
  }
  sockets = new Set();
  talk(s) {
    let text = '', data = false;
    this.sockets.add(s);
    s.on('error', () => {}).on('close', () => this.sockets.delete(s));
    const answer = (step) => {
      const a = typeof this.script[step] === 'function' ? this.script[step](s) : this.script[step];
      if (a === undefined) s.write(`${{ greeting: '220 bent', ehlo: '250-bent\r\n250 PIPELINING', mail: '250 ok', rcpt: '250 ok', data: '354 go', dot: '250 taken' }[step]}\r\n`);
      else if (a === null) s.destroy();
      else if (a !== false) s.write(a);
    };
    answer('greeting');
    s.on('data', (d) => {
      text += d.toString('latin1');
      for (;;) {
        if (data) {
          const end = text.indexOf('\r\n.\r\n');
          if (end < 0) return;
          this.ids.push((/^Message-ID: <(.*)@/m.exec(text.slice(0, end)) || [])[1]);
          text = text.slice(end + 5);
          data = false;
          answer('dot');
          continue;
        }
        const at = text.indexOf('\r\n');
        if (at < 0) return;
        const word = text.slice(0, at).slice(0, 4).toLowerCase();
        text = text.slice(at + 2);
        if (word === 'rset') s.write('250 ok\r\n');
        else if (word === 'quit') s.end('221 bye\r\n');
        else if (['ehlo', 'mail', 'rcpt', 'data'].includes(word)) { data = word === 'data' && this.script.data === undefined; answer(word); }
      }
    });
  }
  settings() { return `mail: {relay: "localhost:${this.port}", tls: none, from: service@seats.example}\n`; }
}

test('letters arrive whole, with STARTTLS, with TLS from the first byte, and on this machine in the clear', { timeout: 180000 }, async () => {
  for (const tls of ['starttls', 'tls', 'none']) {
    const relay = await sink({ tls });
    const sejf = await start(relay);
    const id = await send(sejf, 'zofia@people.example');
    const row = await letter(sejf, id, 'sent');
    assert.equal(row.tries, 1);
    assert.equal(relay.letters.length, 1);
    const [got] = relay.letters, read = got.read();
    assert.deepEqual(got.to, ['zofia@people.example']);
    assert.equal(got.from, 'service@seats.example');
    assert.equal(got.secure, tls !== 'none');
    assert.equal(got.user, tls === 'none' ? null : 'seats');
    assert.equal(got.id, `${id}@seats.example`);
    assert.deepEqual(read.defects, []);
    assert.equal(read.headers['auto-submitted'], 'auto-generated');
    assert.match(read.text, /went the way of all others/);
    const token = sejf.token('events', sejf.tenantNumber, 'organiser');
    const api = await sejf.call('GET', `/v1/tenants/${sejf.tenantNumber}/letters`, { token });
    assert.equal(api.status, 200, api.text);
    assert.equal(api.json.items[0].state, 'sent');
    assert.doesNotMatch(api.text, /zofia|people\.example/);
    const metrics = await sejf.runAsync(['doctor', '--json']);
    assert.match(metrics.stdout, tls === 'none' ? /takes letters/ : /takes letters over TLSv1\.[23], signed in/);
    assert.deepEqual(grep(path.join(sejf.data, 'log'), 'zofia'), []);
    await sejf.stop();
    assert.deepEqual(grep(path.join(sejf.data, 'store'), 'zofia'), []);
    await sejf.remove();
  }
});

test('what a relay refuses is told without the address, and what it puts off waits', { timeout: 180000 }, async () => {
  const relay = await sink({ on: { rcpt: (l) => (l.to.startsWith('nobody') ? { code: 550, text: `5.1.1 <${l.to}> is not here` } : l.to.startsWith('later') ? { code: 450, text: '4.2.1 full' } : null),
    data: (l) => (l.to[0].startsWith('spam') ? { code: 554, text: '5.7.1 no' } : null) } });
  const sejf = await start(relay);
  const gone = await letter(sejf, await send(sejf, 'nobody@people.example'), 'bounced');
  assert.equal(gone.status, 550);
  assert.match(gone.said, /^RCPT: .*n\*{10}@people\.example.* is not here$/);
  const spam = await letter(sejf, await send(sejf, 'spam@people.example'), 'bounced');
  assert.equal(spam.status, 554);
  const id = await send(sejf, 'later@people.example');
  const later = await until('a try', async () => (await list(sejf)).find((l) => l.id === id && l.tries === 1), 60000, 300);
  assert.equal(later.state, 'waiting');
  assert.equal(later.status, 450);
  await letter(sejf, await send(sejf, 'anna@people.example'), 'sent');      // what keeps one letter keeps no other
  assert.equal(relay.letters.length, 1);
});

test('a relay that is not who it should be is sent nothing, and letters wait until it is', { timeout: 240000 }, async () => {
  const relay = await sink();
  const sejf = await start(relay);
  const stranger = certificate(relay.directory, 'other.example');
  const at = (name) => path.join(sejf.data, name);
  const faults = [
    ['a foreign certificate', () => fs.copyFileSync(stranger.cert, at('relay-ca.pem')), /not vouched for/],
    ['a wrong password', () => fs.writeFileSync(at('relay-password'), 'wrong\n'), /AUTH: /],
  ];
  for (const [what, spoil, want] of faults) {
    await sejf.stop();
    const before = ['relay-ca.pem', 'relay-password'].map((n) => [n, fs.readFileSync(at(n))]);
    spoil();
    await sejf.start();
    const id = await send(sejf, 'anna@people.example');
    const row = await until(`a try with ${what}`, async () => (await list(sejf)).find((l) => l.id === id && l.tries >= 1), 60000, 300);
    assert.equal(row.state, 'waiting', what);
    assert.match(row.said, want, what);
    const doctor = await sejf.runAsync(['doctor']);
    assert.match(doctor.stdout, /BAD\s+relay/, what);
    await sejf.stop();
    for (const [n, bytes] of before) fs.writeFileSync(at(n), bytes);
    await sejf.start();
    await letter(sejf, id, 'sent', 120000);
  }
  assert.equal(relay.letters.length, 2);
});

test('a relay from which STARTTLS is stripped is sent nothing', { timeout: 120000 }, async () => {
  const bent = await Bent.start({ ehlo: '250-bent\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n' });
  const sejf = await start(bent.settings().replace('tls: none', 'tls: starttls'));
  const id = await send(sejf, 'anna@people.example');
  const row = await until('a try', async () => (await list(sejf)).find((l) => l.id === id && l.tries >= 1), 60000, 300);
  assert.match(row.said, /offers no STARTTLS/);
  assert.equal(row.state, 'waiting');
  assert.deepEqual(bent.ids, []);
});

test('relays that break off, lie or say too much', { timeout: 600000 }, async () => {
  let step = {};
  const bent = await Bent.start(new Proxy({}, { get: (_, name) => step[name] }));
  const sejf = await start(bent.settings());
  step = { dot: null };                                       // all was said, and no answer comes: it may have arrived
  const doubt = await letter(sejf, await send(sejf, 'a@people.example'), 'unknown');
  assert.equal(doubt.tries, 1);
  step = { dot: '250-taken\r\n' + '250-and more\r\n'.repeat(80000) };         // over a megabyte
  await letter(sejf, await send(sejf, 'b@people.example'), 'sent');
  assert.equal(bent.ids.length, 2);
  const cuts = [{ mail: null }, { rcpt: null }, { data: '354 go\r\n', }, { greeting: 'x'.repeat(1 << 20) }, { rcpt: '250-' + 'y'.repeat(1 << 20) }, { ehlo: '999 what\r\n' }];
  for (const cut of cuts) {
    step = cut.data ? { data: (s) => { s.write('354 go\r\n'); setTimeout(() => s.destroy(), 50); return false; } } : cut;
    const before = bent.ids.length;
    const id = await send(sejf, 'c@people.example');
    await until('the end of it', async () => (await list(sejf)).find((l) => l.id === id && l.tries >= 1 && l.state !== 'sending'), 120000, 300);
    step = {};
    const row = await letter(sejf, id, 'sent|unknown', 120000);
    if (row.state === 'sent') assert.equal(bent.ids.filter((i) => i === id).length, 1, JSON.stringify(cut));
    else assert.ok(cut.data, JSON.stringify(cut));            // only where all of it may have been said
    assert.ok(bent.ids.length <= before + 1);
  }
  assert.equal(new Set(bent.ids).size, bent.ids.length);
});

test('a relay that stalls keeps what it stalls, and nothing else', { timeout: 180000 }, async () => {
  const free = [];
  const relay = await sink({ on: { data: (l) => (l.to[0].startsWith('slow') ? new Promise((done) => free.push(done)) : null) } });
  const sejf = await start(relay);
  const slow = await send(sejf, 'slow@people.example');
  await until('it to stall', () => free.length === 1, 60000);
  await letter(sejf, await send(sejf, 'anna@people.example'), 'sent');
  assert.equal((await list(sejf)).find((l) => l.id === slow).state, 'sending');
  free.forEach((done) => done());
  await letter(sejf, slow, 'sent');
  assert.equal(relay.letters.length, 2);
});

// Four installations, five rounds each: who is killed, at which step of the letter.
const victims = [['mailer'], ['server'], ['mailer', 'server']];
const steps = ['mail', 'rcpt', 'data', 'kept'];
for (let part = 0; part < 4; part++)
  test(`killed at each step, every letter arrives once (${part + 1} of 4)`, { timeout: 400000 }, async () => {
    const plan = { victims: null, step: null };
    let sejf;
    const strike = (step) => {
      if (plan.step !== step || !plan.victims) return null;
      const names = plan.victims;
      plan.victims = null;
      for (const n of names) try { process.kill(pid(sejf, n), 'SIGKILL'); } catch { /* it is being started */ }
      return null;
    };
    const relay = await sink({ tls: part % 2 ? 'tls' : 'starttls', on: { mail: () => strike('mail'), rcpt: () => strike('rcpt'), data: () => strike('data') } });
    relay.kept = () => strike('kept');
    sejf = await start(relay);
    for (let round = 0; round < 5; round++) {
      const n = part * 5 + round;
      const who = victims[n % 3], step = steps[(n + Math.floor(n / 12)) % 4];
      const id = await send(sejf, `round${n}@people.example`);
      plan.step = step;
      plan.victims = who;
      const row = await until(`round ${n}`, async () => (await list(sejf)).find((l) => l.id === id && ['sent', 'unknown'].includes(l.state)), 120000, 500);
      plan.victims = null;
      const arrived = relay.letters.filter((l) => l.id === `${id}@seats.example`).length;
      if (row.state === 'sent') assert.equal(arrived, 1, `round ${n}: ${who} at ${step}`);
      else {
        assert.ok(arrived <= 1 && who.includes('mailer') && ['data', 'kept'].includes(step), `round ${n}: ${who} at ${step} left it ${row.state}`);
      }
    }
    const ids = relay.letters.map((l) => l.id);
    assert.equal(new Set(ids).size, ids.length);
  });

test('the mailer has its relay and nothing else', { timeout: 120000 }, async (t) => {
  const relay = await sink();
  const sejf = await start(relay);
  await letter(sejf, await send(sejf, 'anna@people.example'), 'sent');
  const mailer = pid(sejf, 'mailer'), status = fs.readFileSync(`/proc/${mailer}/status`, 'utf8');
  const files = fs.readdirSync(`/proc/${mailer}/fd`).map((n) => { try { return fs.readlinkSync(`/proc/${mailer}/fd/${n}`); } catch { return ''; } });
  assert.deepEqual(files.filter((f) => f.startsWith(sejf.data) && !f.endsWith('/sejf.log')), [], 'no file of the data directory is open');
  const doctor = await sejf.runAsync(['doctor', '--json']);
  assert.doesNotMatch(doctor.stdout, /mailer is not in its sandbox/);
  if (/this is a sanitizer build/.test(doctor.stdout)) return t.diagnostic('no sandbox in this build');
  assert.match(status, /NoNewPrivs:\t1/);
  assert.match(status, /Seccomp:\t2/);
  if (process.geteuid() === 0) assert.notEqual(/Uid:\t(\d+)/.exec(status)[1], '0');
});

test('mistakes of the relay in sejf.yaml are told with their place', async () => {
  const sejf = await new Instance({ charters: ['events'] }).init();
  cleanup.push(() => sejf.remove());
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), 'mail:\n  relay: relay.company.example\n  tls: none\n  form: a@seats.example\n');
  const r = sejf.run(['check', path.join(sejf.data, 'sejf.yaml')]);
  assert.equal(r.status, 40, r.stdout + r.stderr);
  assert.match(r.stdout + r.stderr, /mail needs from/);
  assert.match(r.stdout + r.stderr, /mail has no key "form"[\s\S]*from/);
  assert.match(r.stdout + r.stderr, /tls: none is for a relay on this machine alone/);
});
