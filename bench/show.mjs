// show.mjs — see bench/show --help. A campaign to all people of a list into a sink, while some of them leave by one click, some addresses bounce and some people
// complain; then a second one. What the sink got, what sejf counts and what stands on disk, in logs and in answers is held against each other: whatever
// does not agree ends the run. `show` is also what tests/e2e/40-show.test.mjs runs on a few people.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, grep, Instance, person, sleep, until } from '../tests/e2e/lib.mjs';

const domain = 'bounces.seats.example', stem = 'anna.zawilska.';
const number = (address) => Number(address.slice(stem.length, address.indexOf('@')));
const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch { return ''; } };

// A relay that takes everything and keeps of each letter for whom it was, and of those that something comes of the return path and the link by which to leave.
export class Taker {
  static async start(wants, took) {
    const t = Object.assign(new Taker(), { wants, took, letters: 0, times: new Uint8Array(1024), sockets: new Set() });
    t.server = net.createServer((s) => t.talk(s));
    await new Promise((done) => t.server.listen(0, '127.0.0.1', done));
    t.port = t.server.address().port;
    return t;
  }
  stop() { return new Promise((done) => { for (const s of this.sockets) s.destroy(); this.server.close(done); }); }

  came(from, to, text) {
    const n = number(to);
    if (n >= this.times.length) { const more = new Uint8Array(Math.max(n + 1, this.times.length * 2)); more.set(this.times); this.times = more; }
    this.times[n]++;
    this.letters++;
    if (this.wants(n)) this.took(n, from, (/^List-Unsubscribe:\s*<(https:[^>]+)>/mi.exec(text) || [])[1]);
  }

  talk(s) {
    let text = '', data = false, from = '', to = '';
    this.sockets.add(s);
    s.setNoDelay(true);
    s.on('error', () => {}).on('close', () => this.sockets.delete(s));
    s.write('220 sink\r\n');
    s.on('data', (d) => {
      text += d.toString('latin1');
      let out = '';
      for (;;) {
        const end = text.indexOf(data ? '\r\n.\r\n' : '\r\n');
        if (end < 0) break;
        const piece = text.slice(0, end), word = piece.slice(0, 4).toLowerCase();
        text = text.slice(end + (data ? 5 : 2));
        if (data) { data = false; this.came(from, to, piece); out += '250 2.0.0 taken\r\n'; }
        else if (word === 'ehlo') out += '250-sink\r\n250-8BITMIME\r\n250 PIPELINING\r\n';
        else if (word === 'data') { data = true; out += '354 go\r\n'; }
        else if (word === 'quit') { s.end(`${out}221 bye\r\n`); return; }
        else {
          const address = (/<(.*?)>/.exec(piece) || [])[1] || '';
          if (word === 'mail') from = address;
          if (word === 'rcpt') to = address;
          out += '250 2.0.0 ok\r\n';
        }
      }
      if (out) s.write(out);
    });
  }
}

// A letter to the address for what comes back; the answer to its last dot.
function giveBack(port, to, message) {
  return new Promise((done, fail) => {
    const steps = ['EHLO mx.people.example', 'MAIL FROM:<>', `RCPT TO:<${to}>`, 'DATA', `${message.replace(/\n/g, '\r\n')}\r\n.`], s = net.connect(port, '127.0.0.1');
    let text = '', at = 0;
    s.setTimeout(60000, () => s.destroy(new Error('what takes bounces does not answer')));
    s.on('error', fail).on('close', () => fail(new Error(`what takes bounces hung up: ${text}`)));
    s.on('data', (d) => {
      text += d.toString('latin1');
      for (let m; (m = /^(?:\d{3}-.*\r\n)*(\d{3}) .*\r\n/.exec(text)); ) {
        text = text.slice(m[0].length);
        if (at === steps.length || Number(m[1]) >= 400) { done(m[0]); s.destroy(); return; }
        s.write(`${steps[at++]}\r\n`);
      }
    });
  });
}
// As a mail server does: what is not taken now is brought again.
async function bringBack(port, to, message) {
  for (const end = Date.now() + 120000; ; await sleep(300)) {
    const said = await giveBack(port, to, message);
    if (!/^4/.test(said) || Date.now() > end) { assert.match(said, /^250 /); return; }
  }
}
const part = (type, text) => `--part1\nContent-Type: ${type}\n\n${text}\n`;
const about = (type, parts) => `From: <mailer-daemon@mx.people.example>\nSubject: What came back\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=${type}; boundary="part1"\n\n${parts}--part1--\n`;
const bounce = (email) => about('delivery-status', part('text/plain', 'It could not be delivered.') +
  part('message/delivery-status', `Reporting-MTA: dns; mx.people.example\n\nFinal-Recipient: rfc822; ${email}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <${email}> unknown`));
const complaint = (from) => about('feedback-report', part('text/plain', 'A complaint.') + part('message/feedback-report', `Feedback-Type: abuse\nUser-Agent: Feedback/1.0\nVersion: 1\nOriginal-Mail-From: <${from}>`) +
  part('message/rfc822', `Return-Path: <${from}>\nSubject: News\n\nx`));

// What /metrics tells whoever may open the socket.
const told = (socketPath) => new Promise((done, fail) => http.get({ socketPath, path: '/metrics' }, (res) => {
  let text = '';
  res.on('data', (d) => { text += d; }).on('end', () => done(text));
}).on('error', fail));

// Resident memory of server, mailer and keeper in MB.
function memory(parent) {
  const found = {};
  for (const pid of read(`/proc/${parent}/task/${parent}/children`).trim().split(' ')) {
    const name = ['server', 'mailer', 'keeper'].find((n) => read(`/proc/${pid}/cmdline`).split('\0').includes(n));
    if (name) found[name] = Number((/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`)) || [0, 0])[1]) / 1024;
  }
  return found;
}

export async function show({ people, say = () => {}, data }) {
  const fate = (n) => (n % 50 === 7 ? 'left' : n % 100 === 13 ? 'bounced' : n % 2000 === 17 ? 'complained' : null);
  const given = { left: new Set(), bounced: new Set(), complained: new Set() }, waiting = [], figures = { people };
  let sejf, bouncePort, open = 0, wrong = null;
  const sink = await Taker.start((n) => fate(n) !== null && !given[fate(n)].has(n), (n, from, link) => { waiting.push({ n, from, link }); pump(); });

  // What comes of a letter comes back while the others go; complaints no faster than makes their share one of a list that people like.
  const act = { left: async (w) => {
    const r = await sejf.call('POST', new URL(w.link).pathname, { body: 'List-Unsubscribe=One-Click', type: 'application/x-www-form-urlencoded' });
    assert.ok(r.status === 200 || r.status === 204, `leaving: ${r.status} ${r.text}`);
  }, bounced: async (w) => { await bringBack(bouncePort, w.from, bounce(person(w.n).email)); },
  complained: async (w) => { await bringBack(bouncePort, `complaints@${domain}`, complaint(w.from)); } };
  const ready = (w) => fate(w.n) !== 'complained' || (given.complained.size + 1) / Math.max(sink.letters, 1) < 0.0006;
  function pump() {
    while (open < 8 && wrong === null) {
      const at = waiting.findIndex(ready);
      if (at < 0) return;
      const [w] = waiting.splice(at, 1);
      given[fate(w.n)].add(w.n);
      open++;
      act[fate(w.n)](w).catch((e) => { wrong ??= e; }).finally(() => { open--; pump(); });
    }
  }

  try {
    bouncePort = await freePort();
    sejf = await new Instance({ charters: ['mail'], data }).init();
    fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), `mail:\n  relay: localhost:${sink.port}\n  tls: none\n  from: service@seats.example\n  name: Seats\n  bounces: {listen: "127.0.0.1:${bouncePort}", domain: ${domain}}\n`);
    await sejf.start();
    const tenant = sejf.tenant('mail', 'Wydawca'), token = sejf.token('mail', tenant, 'customer');
    const api = async (method, target, body, status = 200) => {
      const r = await sejf.call(method, `/v1/mail/${target}`, { token, body });
      assert.equal(r.status, status, r.text);
      return r.json;
    };
    await api('POST', 'sending_account', { fields: { title: 'News', pool: 'shared', state: 'active' } }, 201);
    const list = await api('POST', 'list', { fields: { title: 'News', purpose: 'news' } }, 201);
    const began = Date.now();
    for (let from = 0; from < people; from += 5000) {
      const rows = Array.from({ length: Math.min(5000, people - from) }, (_, i) => JSON.stringify({ list: list.id, ...person(from + i), state: 'subscribed', consents: { newsletter: true } }));
      const r = await sejf.call('POST', '/v1/mail/subscription/import', { token, type: 'application/x-ndjson', body: `${rows.join('\n')}\n` });
      assert.match(r.text, new RegExp(`"made":\\s*${rows.length}\\b`), r.text.slice(-400));
    }
    figures.import_s = (Date.now() - began) / 1000;
    await api('PUT', 'templates/news', { kind: 'subscription', en: { subject: 'News of the week', text: 'Hello {{name}},\n\nthis is what happened in the week. Leave the list by the link below whenever you like.' } });

    const peaks = {}, campaign = async (name) => {
      const at = Date.now(), made = await api('POST', 'campaigns', { kind: 'subscription', scope: list.id, template: 'news', name }, 202);
      let first = null;
      const done = await until(`campaign ${name} to be done`, async () => {
        if (wrong) throw Object.assign(wrong, { fatal: true });
        pump();
        for (const [process, mb] of Object.entries(memory(sejf.child.pid))) peaks[process] = Math.max(peaks[process] || 0, mb);
        first ??= memory(sejf.child.pid);
        const c = await api('GET', `campaigns/${made.number}`);
        assert.notEqual(c.state, 'paused');
        return c.state === 'done' && c;
      }, 60000 + people * 20, 250);
      await until('what comes back to have come', () => { pump(); if (wrong) throw Object.assign(wrong, { fatal: true }); return open === 0 && (waiting.length === 0 || waiting.every((w) => !ready(w))); }, 120000);
      say(`campaign ${name}: ${JSON.stringify({ ...done, audience: undefined })}`);
      return { ...(await api('GET', `campaigns/${made.number}`)), seconds: (Date.now() - at) / 1000, first };
    };

    const one = await campaign('one'), after = Uint8Array.from(sink.times);
    const gone = given.left.size + given.bounced.size + given.complained.size;
    assert.equal(waiting.length, 0, 'somebody was to complain and has not');
    assert.equal(one.found, people);
    assert.equal(one.queued, people);
    assert.deepEqual(one.refused, {});
    assert.equal(sink.letters, people, 'each person one letter');
    assert.ok(after.subarray(0, people).every((times) => times === 1), 'and nobody two');
    assert.equal(one.sent + one.bounced, people);
    assert.equal(one.bounced, given.bounced.size);
    assert.equal(one.over + one.unknown + one.waiting, 0);

    const two = await campaign('two');
    assert.equal(two.found, people);
    assert.equal(two.queued, people - gone);
    assert.equal(Object.values(two.refused).reduce((a, b) => a + b, 0), gone, JSON.stringify(two.refused));
    assert.equal(two.sent, two.queued);
    assert.equal(sink.letters, 2 * people - gone);
    for (let n = 0; n < people; n++) assert.equal(sink.times[n], fate(n) ? 1 : 2, `person ${n}, who ${fate(n) || 'stayed'}`);
    Object.assign(figures, { left: given.left.size, bounced: given.bounced.size, complained: given.complained.size, refused: two.refused, first_s: one.seconds, second_s: two.seconds,
      a_second: Math.round(people / one.seconds), memory_first: one.first, memory_most: peaks });

    const metrics = await told(path.join(sejf.data, 'run', 'http.sock'));
    const metric = (name) => Number((new RegExp(`^sejf_${name} (\\d+)$`, 'm').exec(metrics) || [])[1]);
    assert.equal(metric('messages_queued_total\\{channel="email"\\}'), 2 * people - gone, metrics);
    assert.equal(metric('messages_ended_total\\{channel="email"\\}'), 2 * people - gone);
    assert.equal(metric('messages_bounced_total\\{channel="email"\\}'), given.bounced.size);
    assert.equal(metric('messages_complained_total\\{channel="email"\\}'), given.complained.size);
    for (const [gate, count] of Object.entries(two.refused)) assert.equal(metric(`messages_refused_total\\{channel="email",gate="${gate}"\\}`), count, gate);
    assert.equal(metric('campaigns_open'), 0);
    assert.doesNotMatch(metrics, /Wydawca|zawilska|@/i);

    // The log of deliveries, and nothing readable anywhere.
    let logged = 0;
    for (let cursor = null, more = true; more; more = cursor !== null) {
      const r = await sejf.call('GET', `/v1/mail/delivery?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, { token });
      assert.equal(r.status, 200, r.text);
      assert.ok(!r.text.includes(stem), 'an address in an answer');
      for (const d of r.json.items) assert.match(d.fields.to, /^a\*{10}@people\.example$/);
      logged += r.json.items.length;
      cursor = r.json.next;
    }
    assert.equal(logged, 2 * people - gone);
    for (const target of ['messages?limit=1000', 'messages?state=bounced&limit=1000', 'campaigns', 'gates', 'suppressions?limit=1000']) {
      const r = await sejf.call('GET', `/v1/mail/${target}`, { token });
      assert.equal(r.status, 200, r.text);
      assert.ok(!r.text.includes(stem) && !/zawilska/i.test(r.text), `${target} tells an address`);
    }
    await sejf.stop();
    assert.deepEqual(grep(sejf.data, stem), [], 'an address in the store or the logs');
    assert.ok(!sejf.output.includes(stem));
    return figures;
  } finally {
    await sejf?.remove();
    await sink.stop();
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values: o } = parseArgs({ options: { people: { type: 'string', default: '10000,100000' } } });
  let least = null;
  for (const people of o.people.split(',').map(Number)) {
    const figures = await show({ people, say: (text) => process.stderr.write(`${text}\n`) });
    console.log(JSON.stringify(figures));
    least ??= figures;
    for (const [name, mb] of Object.entries(figures.memory_most)) assert.ok(mb < 1.5 * least.memory_most[name] + 16, `${name} grows with the list: ${mb} MB, after ${least.memory_most[name]} with ${least.people} people`);
  }
}
