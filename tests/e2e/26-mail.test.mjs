// 26-mail: letters leave through a relay: with TLS and sign-in, over real sockets; relays that refuse, stall, lie and break off; processes that are
// killed at each step. Whatever happens, no letter arrives twice, and none is lost but by a cut within its last answer, which is told.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { grep, Instance, until } from './lib.mjs';
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
  sejf.reader = sejf.token('events', sejf.tenantNumber, 'organiser');
  return sejf;
}
const send = async (sejf, to) => {
  const r = await sejf.runAsync(['mail', 'test', '-', '--tenant', String(sejf.tenantNumber), '--json'], { input: `${to}\n` });
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout).letter;
};
const list = async (sejf) => {
  const r = await sejf.call('GET', `/v1/tenants/${sejf.tenantNumber}/letters`, { token: sejf.reader });
  assert.equal(r.status, 200, r.text);
  return r.json.items;
};
const letter = (sejf, id, state, ms = 60000) => until(`letter ${id} to be ${state}`, async () => {
  const one = (await list(sejf)).find((l) => l.id === id);
  return one && new RegExp(`^(${state})$`).test(one.state === 'waiting' && one.doubts ? 'doubted' : one.state) ? one : null;
}, ms, 200);
const tried = (sejf, id) => until(`a try of ${id}`, async () => (await list(sejf)).find((l) => l.id === id && l.tries >= 1 && l.state !== 'sending'), 60000, 200);
const pid = (sejf, name) => Number(fs.readFileSync(path.join(sejf.data, 'run', `${name}.pid`), 'utf8'));

// A relay of sockets alone, for what a real server would never do. scripts: what each next connection does; when none is left, it is a good relay. A script
// has answers to greeting, EHLO, MAIL, RCPT, DATA and the dot: a text, or null for none and the end of the connection.
class Bent {
  static async start(scripts, always = {}) {
    const b = Object.assign(new Bent(), { scripts: [...scripts], always });
    b.server = net.createServer((s) => b.talk(s, b.scripts.shift() || always));
    await new Promise((done) => b.server.listen(0, '127.0.0.1', done));
    b.port = b.server.address().port;
    cleanup.push(() => new Promise((done) => { for (const s of b.sockets) s.destroy(); b.server.close(done); }));
    return b;
  }
  sockets = new Set();
  ids = [];                                                   // of letters that came whole
  asked = new Map();                                          // of each script: the id of the letter whose dot it saw, or null
  talk(s, script) {
    let text = '', data = false, cut = false;
    this.sockets.add(s);
    s.on('error', () => {}).on('close', () => this.sockets.delete(s));
    const answer = (step, id = null) => {
      const a = script[step];
      if (a !== undefined) this.asked.set(script, id);
      if (a === undefined) s.write(`${{ greeting: '220 bent', ehlo: '250-bent\r\n250 PIPELINING', mail: '250 ok', rcpt: '250 ok', data: '354 go', dot: '250 taken' }[step]}\r\n`);
      else if (a === null) { cut = true; s.destroy(); }
      else s.write(a);
    };
    answer('greeting');
    s.on('data', (d) => {
      text += d.toString('latin1');
      while (!cut) {
        if (data) {
          if (script.text === null) { this.asked.set(script, null); s.destroy(); return; }          // with the first bytes of the text
          const end = text.indexOf('\r\n.\r\n');
          if (end < 0) return;
          const id = (/^Message-ID: <(.*)@/m.exec(text.slice(0, end)) || [])[1];
          this.ids.push(id);
          text = text.slice(end + 5);
          data = false;
          answer('dot', id);
          continue;
        }
        const at = text.indexOf('\r\n');
        if (at < 0) return;
        const word = text.slice(0, at).slice(0, 4).toLowerCase();
        text = text.slice(at + 2);
        if (word === 'rset') s.write('250 ok\r\n');
        else if (word === 'quit') s.end('221 bye\r\n');
        else if (['ehlo', 'mail', 'rcpt', 'data'].includes(word)) { data = word === 'data' && script.data === undefined; answer(word); }
      }
    });
  }
  settings() { return `mail: {relay: "localhost:${this.port}", tls: none, from: service@seats.example}\n`; }
}

// They share nothing, so they go side by side.
describe('letters by mail', { concurrency: 6 }, () => {

for (const tls of ['starttls', 'tls', 'none'])
  test(`letters arrive whole (tls: ${tls})`, { timeout: 180000 }, async () => {
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
    const api = await sejf.call('GET', `/v1/tenants/${sejf.tenantNumber}/letters`, { token: sejf.reader });
    assert.equal(api.status, 200, api.text);
    assert.equal(api.json.items[0].state, 'sent');
    assert.doesNotMatch(api.text, /zofia|people\.example/);
    const told = await sejf.runAsync(['mail', 'list', '--tenant', String(sejf.tenantNumber), '--json']);
    assert.match(told.stdout, new RegExp(`"${id}"`), told.stderr);
    assert.doesNotMatch(told.stdout, /zofia|people\.example/);
    const metrics = await sejf.runAsync(['doctor', '--json']);
    assert.match(metrics.stdout, tls === 'none' ? /takes letters/ : /takes letters over TLSv1\.[23], signed in/);
    assert.deepEqual(grep(path.join(sejf.data, 'log'), 'zofia'), []);
    await sejf.stop();
    assert.deepEqual(grep(path.join(sejf.data, 'store'), 'zofia'), []);
    await sejf.remove();
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
  const later = await tried(sejf, id);
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
    const row = await tried(sejf, id);
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
  const bent = await Bent.start([], { ehlo: '250-bent\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n' });
  const sejf = await start(bent.settings().replace('tls: none', 'tls: starttls'));
  const id = await send(sejf, 'anna@people.example');
  const row = await tried(sejf, id);
  assert.match(row.said, /offers no STARTTLS/);
  assert.equal(row.state, 'waiting');
  assert.deepEqual(bent.ids, []);
});

test('relays that break off, lie or say too much', { timeout: 400000 }, async () => {
  const doubt = { dot: null }, much = { dot: '250-taken\r\n' + '250-and more\r\n'.repeat(80000) }, cut = { text: null };          // much: over a megabyte
  const scripts = [{ mail: null }, { rcpt: null }, cut, { greeting: 'x'.repeat(1 << 20) }, { rcpt: '250-' + 'y'.repeat(1 << 20) }, { ehlo: '999 what\r\n' }, doubt, much];
  const bent = await Bent.start(scripts);
  const sejf = await start(bent.settings());
  const ids = [];
  for (let i = 0; i < scripts.length; i++) ids.push(await send(sejf, `a${i}@people.example`));
  const rows = await Promise.all(ids.map((id) => letter(sejf, id, 'sent|doubted', 300000)));
  for (const s of scripts) assert.ok(bent.asked.has(s), `nobody met ${JSON.stringify(s).slice(0, 60)}`);
  const unknown = rows.filter((r) => r.doubts > 0).map((r) => r.id);
  assert.ok(unknown.includes(bent.asked.get(doubt)), 'all was said, and no answer came: it may have arrived');
  assert.ok(unknown.length <= 2, `${unknown.length} are in doubt`);          // the other one only where the connection broke while the last line went
  assert.ok(!unknown.includes(bent.asked.get(much)), 'what was taken was taken, however much is said of it');
  for (const r of rows.filter((l) => l.state === 'sent')) assert.equal(bent.ids.filter((i) => i === r.id).length, 1, r.id);
  assert.equal(new Set(bent.ids).size, bent.ids.length);
});

test('a letter as large as can be arrives whole, and a larger one is refused', { timeout: 180000 }, async () => {
  const relay = await sink();
  const sejf = await start(relay);
  const file = path.join(relay.directory, 'large'), bytes = randomBytes(600 << 10);
  const post = () => sejf.runAsync(['mail', 'test', '-', '--tenant', String(sejf.tenantNumber), '--file', file, '--json'], { input: 'anna@people.example\n' });
  fs.writeFileSync(file, bytes);
  const put = await post();
  assert.equal(put.status, 0, put.stderr);
  await letter(sejf, JSON.parse(put.stdout).letter, 'sent', 120000);
  const [got] = relay.letters[0].read().files;
  assert.equal(got.name, 'file');
  assert.ok(Buffer.from(got.hex, 'hex').equals(bytes));
  fs.writeFileSync(file, Buffer.concat([bytes, Buffer.alloc(1)]));
  const refused = await post();
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /large/);
  assert.equal(relay.letters.length, 1);
});

test('a tenant at its cap of keys waits, and keeps no other waiting', { timeout: 300000 }, async () => {
  const relay = await sink();
  const sejf = await start({ install: (i) => {
    const at = path.join(i.data, 'sejf.yaml');
    relay.install(i);
    fs.writeFileSync(at, fs.readFileSync(at, 'utf8').replace(/^(# *)?key_openings:.*$/m, 'key_openings: 4'));
  } });
  const many = [];
  for (let i = 0; i < 6; i++) many.push(await send(sejf, `a${i}@people.example`));
  const other = sejf.tenant('events', 'Other'), token = sejf.token('events', other, 'organiser');
  await until('the cap', () => relay.letters.length >= 4, 60000);
  const r = await sejf.runAsync(['mail', 'test', '-', '--tenant', String(other), '--json'], { input: 'jan@people.example\n' });
  assert.equal(r.status, 0, r.stderr);
  await until('the letter of the other tenant', async () => (await sejf.call('GET', `/v1/tenants/${other}/letters`, { token })).json.items[0].state === 'sent', 60000);
  const waits = (await list(sejf)).filter((l) => l.state === 'waiting');
  assert.ok(waits.every((l) => l.tries === 0 && l.status === 0), JSON.stringify(waits));
  for (const id of many) await letter(sejf, id, 'sent', 180000);          // in the minutes that follow
  assert.equal(relay.letters.length, 7);
});

test('a relay that stalls keeps what it stalls, and nothing else; and a stop waits for its answer', { timeout: 180000 }, async () => {
  const free = [];
  const relay = await sink({ on: { data: (l) => (l.to[0].startsWith('slow') ? new Promise((done) => free.push(done)) : null) } });
  const sejf = await start(relay);
  const slow = await send(sejf, 'slow@people.example');
  await until('it to stall', () => free.length === 1, 60000);
  await letter(sejf, await send(sejf, 'anna@people.example'), 'sent');
  assert.equal((await list(sejf)).find((l) => l.id === slow).state, 'sending');
  const stopped = sejf.stop();
  setTimeout(() => free.forEach((done) => done()), 1000);
  await stopped;
  await sejf.start();
  assert.equal((await letter(sejf, slow, 'sent|doubted|bounced')).state, 'sent');
  assert.equal(relay.letters.length, 2);
});

// Five installations, four rounds each: who is killed, at which step of the letter. The relay waits at that step until the letter's number is known, then
// it strikes, so each round kills where it says.
const victims = [['mailer'], ['server'], ['mailer', 'server']];
const steps = ['mail', 'rcpt', 'data', 'kept'];
for (let part = 0; part < 5; part++)
  test(`killed at each step, every letter arrives once (${part + 1} of 5)`, { timeout: 400000 }, async () => {
    let sejf, plan = null;
    const strike = (p) => {
      for (const n of p.victims) process.kill(pid(sejf, n), 'SIGKILL');
      p.struck = true;
    };
    const at = async (...names) => {
      const p = plan;
      if (!p || p.struck || !names.includes(p.step)) return null;
      await p.sent;
      if (p.step === names[0] && !p.struck) strike(p);
      return null;
    };
    const relay = await sink({ tls: part % 2 ? 'tls' : 'starttls', on: { mail: () => at('mail'), rcpt: () => at('rcpt'), data: () => at('data', 'kept') } });
    relay.kept = () => { if (plan && plan.step === 'kept' && !plan.struck) strike(plan); };
    sejf = await start(relay);
    for (let round = 0; round < 4; round++) {
      const n = part * 4 + round;
      const who = victims[n % 3], step = steps[(n + Math.floor(n / 12)) % 4], what = `round ${n}: ${who} at ${step}`;
      let known;
      plan = { victims: who, step, struck: false, sent: new Promise((done) => { known = done; }) };
      const id = await send(sejf, `round${n}@people.example`);
      known();
      await until(`the strike of ${what}`, () => plan.struck, 120000);
      const row = await letter(sejf, id, 'sent|doubted', 120000);
      plan = null;
      const arrived = relay.letters.filter((l) => l.id === `${id}@seats.example`).length;
      if (row.state === 'sent') assert.equal(arrived, 1, what);
      else assert.ok(arrived <= 1 && who.includes('mailer') && ['data', 'kept'].includes(step), `${what} left it in doubt`);
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

// What makes connections for the mailer is killed between letters: both are started anew, and no letter is lost or doubled.
test('killed, the dialer comes back with the mailer', { timeout: 120000 }, async () => {
  const relay = await sink();
  const sejf = await start(relay);
  await letter(sejf, await send(sejf, 'anna@people.example'), 'sent');
  const before = pid(sejf, 'mailer');
  const dialer = fs.readdirSync('/proc').find((n) => { try { return new RegExp(`^PPid:\\t${before}$`, 'm').test(fs.readFileSync(`/proc/${n}/status`, 'utf8')); } catch { return false; } });
  const sockets = fs.readdirSync(`/proc/${dialer}/fd`).length;
  assert.ok(sockets <= 8, `it has none of the mailer's descriptors (${sockets})`);
  process.kill(Number(dialer), 'SIGKILL');
  await until('another mailer', () => pid(sejf, 'mailer') !== before, 60000, 100);
  await letter(sejf, await send(sejf, 'jan@people.example'), 'sent');
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

});
