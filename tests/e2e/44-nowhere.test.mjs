// 44-nowhere: a campaign, bounces, a complaint, leaving a list, text messages with receipts and webhooks on three services at one time; then every address, number and name that was
// used is looked for: on the disk, in the logs, in what the API and the command line answer about messages, in command lines and environments of processes, in URLs that were
// called. Only masked forms stand anywhere.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { freePort, Instance, until } from './lib.mjs';
import { certificate, Sink } from './sink.mjs';
import { Hub } from './smshub.mjs';

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-nowhere-')), WAIT = 60000;
const domain = 'bounces.listonosz.example', SECRET = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
let sejf, sink, hub, receiver, port, watcher, watching = true;
const told = [], answers = [], lines = new Set();             // webhooks that came; what was answered; command lines and environments
const used = { addresses: [], numbers: [], names: [] };

// People whose parts are found by nothing else: no word of these stands in the program.
const first = ['Kazimierzysława', 'Bożydarka', 'Wszebora', 'Gniewomira', 'Dobiegniewa', 'Świętosława'], last = ['Trzcinkowiec', 'Wrzeszczyk', 'Gżegżółkowa'];
function somebody(i) {
  const name = `${first[i % first.length]} ${last[i % last.length]}${i}`, email = `qz${i}.kwiczoł-${i * 7}@poczta-${i % 3}.example`.replace('ł', 'l'), phone = `+4860${String(7311000 + i * 37).padStart(7, '0')}`;
  used.names.push(name);
  used.addresses.push(email);
  used.numbers.push(phone);
  return { name, email, phone };
}
class Side {
  constructor(service, role) {
    Object.assign(this, { service, tenant: sejf.tenant(service) });
    this.token = sejf.token(service, this.tenant, role);
  }
  // The answers to these are looked through; those of records() are not, which show a record to whoever may see it.
  async call(method, at, body, status = 200) {
    const r = await sejf.call(method, `/v1/${this.service}/${at}`, { token: this.token, body });
    answers.push(`${method} ${at} → ${r.text}`);
    assert.equal(r.status, status, r.text);
    return r.json;
  }
  async record(kind, fields, more = {}) {
    const r = await sejf.call('POST', `/v1/${this.service}/${kind}`, { token: this.token, body: { fields, ...more } });
    assert.equal(r.status, 201, r.text);
    return r.json.id;
  }
  messages(state) { return this.call('GET', `messages?limit=1000&state=${state}`).then((r) => r.items); }
}
const cli = async (args, input) => {
  const r = await sejf.runAsync(args, { input });
  answers.push(`${args.join(' ')} → ${r.stdout}${r.stderr}`);
  return r;
};
// Command lines and environments of all processes below the instance, as long as it runs.
async function watch() {
  while (watching) {
    const all = fs.readdirSync('/proc').filter((d) => /^\d+$/.test(d)), mine = new Set([sejf.child?.pid]);
    for (let more = true; more;) {
      more = false;
      for (const pid of all) {
        try {
          const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
          if (!mine.has(Number(pid)) && mine.has(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))) more = Boolean(mine.add(Number(pid)));
        } catch { /* it went away */ }
      }
    }
    for (const pid of mine) for (const what of ['cmdline', 'environ']) try { lines.add(fs.readFileSync(`/proc/${pid}/${what}`, 'utf8')); } catch { /* it went away, or is not ours to read */ }
    await new Promise((done) => { setTimeout(done, 200); });
  }
}
function deliver(to, message) {
  return new Promise((done, fail) => {
    const s = net.connect(port, '127.0.0.1'), say = ['EHLO mx.example', 'MAIL FROM:<>', `RCPT TO:<${to}>`, 'DATA', `${message.replace(/\r?\n/g, '\r\n')}\r\n.`, 'QUIT'];
    let all = '';
    s.setTimeout(WAIT, () => s.destroy(new Error('no answer')));
    s.on('data', (d) => { all += d; if (/^\d{3} .*\r\n$/m.test(String(d)) && say.length) s.write(`${say.shift()}\r\n`); }).on('end', () => done(all)).on('error', fail);
  });
}

before(async () => {
  const cert = certificate(work);
  port = await freePort();
  hub = await Hub.start('smsapi', work, 'tok3n');
  receiver = https.createServer({ key: fs.readFileSync(cert.key), cert: fs.readFileSync(cert.cert) }, (req, res) => {
    let text = '';
    req.on('data', (d) => { text += d; });
    req.on('end', () => { told.push(`${req.url} ${JSON.stringify(req.headers)} ${text}`); res.writeHead(204).end(); });
  });
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
  sink = await Sink.start();
  sejf = await new Instance({ charters: ['mail', 'events', 'courier'] }).init();
  sink.install(sejf, { bounces: `{listen: "127.0.0.1:${port}", domain: ${domain}}` });
  const at = (name) => path.join(sejf.data, name);
  fs.copyFileSync(hub.ca, at('hub-ca.pem'));
  fs.copyFileSync(cert.cert, at('hooks.pem'));
  for (const [name, text] of [['sms.token', 'tok3n'], ['sms.receipts', SECRET]]) fs.writeFileSync(at(name), `${text}\n`, { mode: 0o600 });
  fs.writeFileSync(at('prices.csv'), 'prefix,price,currency\n+48,0.04,EUR\n');
  fs.appendFileSync(at('sejf.yaml'), `sms:\n  provider: smsapi\n  address: https://localhost:${hub.port}\n  token: file sms.token\n  receipts: file sms.receipts\n  ca: hub-ca.pem\n  private: yes\n  prices: prices.csv\n`
    + `webhooks:\n  - {host: "localhost:${receiver.address().port}", private: yes, tenants: any, ca: hooks.pem}\n`);
  await sejf.start();
  watcher = watch();
}, { timeout: 120000 });
after(async () => {
  watching = false;
  await watcher;
  if (sejf) await sejf.remove();
  if (sink) await sink.stop();
  if (hub) await hub.stop();
  if (receiver) { receiver.closeAllConnections(); await new Promise((done) => receiver.close(done)); }
  fs.rmSync(work, { recursive: true, force: true });
});

// What remote servers say holds the address, in the ways in which they write it.
const says = (email, i) => [{ code: 550, text: `5.1.1 <${email}>: Recipient address rejected: User unknown` }, { code: 450, text: `4.2.0 ${email.toUpperCase()} is greylisted, try again` }, { code: 550, text: `5.1.1 no mailbox "${email.split('@')[0]}" at ${email.split('@')[1]}` }][i];
const dsn = (p) => `From: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail of ${p.email}\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\nContent-Type: text/plain\n\nI could not deliver to ${p.name} <${p.email}>.\n\n`
  + `--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; ${p.email}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <${p.email}>... no such user (${p.phone})\n\n`
  + `--b\nContent-Type: text/rfc822-headers\n\nTo: ${p.name} <${p.email}>\nSubject: News\n\n--b--\n`;
const arf = (from, p) => `From: <feedback@mx.example>\nSubject: FW: News\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n--b\nContent-Type: text/plain\n\n${p.email} complains.\n\n--b\nContent-Type: message/feedback-report\n\n`
  + `Feedback-Type: abuse\nUser-Agent: F/1\nVersion: 1\nOriginal-Mail-From: <${from}>\nOriginal-Rcpt-To: <${p.email}>\n\n--b\nContent-Type: message/rfc822\n\nTo: ${p.name} <${p.email}>\nSubject: News\n\nx\n\n--b--\n`;

async function bulk() {
  const s = new Side('mail', 'customer'), people = Array.from({ length: 24 }, (_, i) => somebody(i));
  await s.record('sending_account', { title: 'News', pool: 'shared', state: 'active' });
  const list = await s.record('list', { title: 'News', purpose: 'news' });
  const rows = people.map((p) => JSON.stringify({ list, name: p.name, email: p.email, state: 'subscribed', consents: { newsletter: true } }));
  const r = await sejf.call('POST', '/v1/mail/subscription/import', { token: s.token, type: 'application/x-ndjson', body: `${rows.join('\n')}\n` });
  assert.match(r.text, /"made":\s*24\b/);
  sink.on.rcpt = (l) => says(l.to, people.findIndex((p) => p.email === l.to)) || null;
  await s.call('PUT', 'templates/news', { kind: 'subscription', en: { subject: 'News for {{name}}', text: 'Hello {{name}},\n\n[leave]({{unsubscribe}})' } });
  const preview = await sejf.call('POST', '/v1/mail/campaigns/preview', { token: s.token, body: { kind: 'subscription', scope: list, template: 'news', where: { email: people[5].email } } });
  assert.equal(preview.json.found, 1);
  assert.ok(preview.text.includes(people[5].name) && !preview.text.includes(people[5].email), preview.text);      // the text for whoever sees the record, and no address
  const c = await s.call('POST', 'campaigns', { kind: 'subscription', scope: list, template: 'news', name: 'News' }, 202);
  await until('the campaign to have gone', async () => { const o = await s.call('GET', `campaigns/${c.number}`); return o.sent + o.bounced === 23 && o.waiting === 1; }, WAIT);
  const letter = (i) => sink.letters.find((l) => l.to[0] === people[i].email);
  assert.match(await deliver(letter(4).from, dsn(people[4])), /^250 /m);
  assert.match(await deliver(`complaints@${domain}`, arf(letter(5).from, people[5])), /^250 /m);
  const [, leave] = /<https:\/\/[^/]+(\/u\/[^>]+)>/.exec(letter(6).raw.toString('latin1').replace(/\r\n[ \t]/g, ''));
  answers.push((await sejf.call('GET', leave)).text, (await sejf.call('POST', leave, { body: 'List-Unsubscribe=One-Click', type: 'application/x-www-form-urlencoded' })).text);
  await s.call('POST', 'suppressions', { email: people[7].email, why: 'asked by telephone' }, 201);
  assert.equal((await s.call('POST', 'suppressions/find', { email: people[4].email })).counts['dead address'], 1);
  const jan = sejf.run(['user', 'invite', 'mail', '--tenant', String(s.tenant), '--role', 'customer', '--email', 'jan@listonosz.example', '--name', 'Jan']);
  assert.equal(jan.status, 0, jan.stderr);
  const put = await cli(['suppression', 'put', '--email', '-', '--tenant', String(s.tenant), '--by', 'jan@listonosz.example', '--why', 'asked by telephone'], `${people[8].email}\n`);
  assert.equal(put.status, 0, put.stderr);
  for (const state of ['sent', 'bounced', 'waiting', 'over']) await s.messages(state);
  const deliveries = await s.call('GET', 'delivery?limit=1000');
  assert.ok(deliveries.items.length >= 23 && deliveries.items.every((d) => /^q\*{10}@poczta-\d\.example$/.test(d.fields.to)), JSON.stringify(deliveries.items[0]));
  assert.match(JSON.stringify(await s.messages('bounced')), /q\*{10}@poczta-0\.example/);
  for (const at of ['suppressions', 'sending', 'gates?days=7', 'campaigns', 'templates', 'templates/news']) await s.call('GET', at);
  await cli(['send', 'list', '--tenant', String(s.tenant)]);
  await cli(['suppression', 'list', '--tenant', String(s.tenant)]);
  await cli(['campaign', 'show', String(c.number), '--tenant', String(s.tenant)]);
}

async function event() {
  const s = new Side('events', 'organiser'), people = Array.from({ length: 6 }, (_, i) => somebody(100 + i));
  await s.call('POST', 'webhooks', { url: `https://localhost:${receiver.address().port}/events`, kinds: ['registration'] }, 201);
  const run = await s.record('event', { title: 'Race', starts: '2030-06-01T08:00:00Z', ends: '2030-06-01T18:00:00Z' }), ids = [];
  for (const p of people) ids.push(await s.record('registration', { event: run, ...p }));
  await s.call('POST', 'messages', { kind: 'registration', id: ids[0], subject: 'News', text: 'x', to: people[0].email }, 422);      // an answer repeats no mistake
  const batch = await s.call('POST', 'messages/batch', { messages: ids.map((id, i) => ({ kind: 'registration', id, subject: `For ${people[i].name}`, text: 'Hello {{name}}, {{seat}}', values: { seat: people[i].phone } })) });
  assert.ok(batch.items.every((i) => i.status === 202), JSON.stringify(batch));
  const changed = await sejf.call('PATCH', `/v1/events/registration/${ids[1]}`, { token: s.token, body: { fields: { phone: somebody(107).phone } } });
  assert.equal(changed.status, 200, changed.text);
  await until('all to have gone', async () => (await s.messages('sent')).length === ids.length, WAIT);
  await until('the webhooks', () => ids.every((id) => told.some((t) => t.startsWith('/events') && t.includes(id))), WAIT);
  const erased = await sejf.call('DELETE', `/v1/events/registration/${ids[2]}`, { token: s.token });
  assert.ok(erased.status < 300, erased.text);
  await s.call('GET', 'webhooks/1/deliveries');
  await cli(['send', 'gates', '--tenant', String(s.tenant)]);
}

async function parcels() {
  const s = new Side('courier', 'company'), people = Array.from({ length: 8 }, (_, i) => somebody(200 + i)), words = ['number is none', 'slow down', 'funds', 'five', 'fine 1', 'fine 2', 'fine 3', 'cut it'], sent = [];
  await s.call('POST', 'webhooks', { url: `https://localhost:${receiver.address().port}/courier`, kinds: ['parcel'] }, 201);
  for (const [i, p] of people.entries()) {
    const id = await s.record('parcel', { name: p.name, phone: p.phone, address: 'Fő utca 1, Szeged', price: { amount: '10', currency: 'EUR' } });
    sent.push((await s.call('POST', 'messages', { channel: 'sms', kind: 'parcel', id, text: words[i] }, 202)).id);
  }
  await until('all to have come', () => words.every((w) => hub.calls.some((c) => c.body.message === w)), WAIT);
  await until('the good ones to have gone', async () => (await s.messages('sent')).length >= 3 && (await s.messages('bounced')).length === 1, WAIT);
  const one = hub.taken.find((m) => m.text === 'fine 1'), other = hub.taken.find((m) => m.text === 'fine 2');
  answers.push((await sejf.call('GET', `/hook/sms/courier/${SECRET}?idx=${one.reference},${other.reference}&status=404,405&to=${one.to.slice(1)},${other.to.slice(1)}`)).text);
  await until('the receipt', async () => (await s.messages('bounced')).length === 2, WAIT);
  await s.messages('waiting');
  for (const id of sent) await s.call('GET', `messages/${id}`);
  await cli(['sms', 'show', '--tenant', String(s.tenant)]);
  answers.push((await sejf.call('GET', `/v1/tenants/${s.tenant}/letters?limit=1000`, { token: s.token })).text);
}

test('a campaign, bounces, text messages and webhooks go, and nobody is named by what is left of them', { timeout: 300000 }, async () => {
  await Promise.all([bulk(), event(), parcels()]);
  await cli(['doctor']);
  await cli(['ledger', 'export']);
  answers.push((await sejf.call('GET', '/metrics')).text);
  watching = false;
  await watcher;
  await sejf.stop();
  assert.equal(used.addresses.length, 24 + 6 + 8 + 1);
  const calls = [...hub.calls.map((c) => c.url)], walls = { answers, 'command lines and environments': [...lines], webhooks: told, 'addresses of requests': calls, output: [sejf.output] };
  const forms = [...used.addresses.flatMap((a) => [a, a.split('@')[0], Buffer.from(a).toString('base64').slice(0, 16)]), ...used.numbers.flatMap((n) => [n, n.slice(3)]), ...used.names.flatMap((n) => n.split(' ')).filter((n) => !first.includes(n)), ...first];
  // The hook of receipts is called by the provider, and what it calls stands in no log.
  for (const [where, texts] of Object.entries(walls)) {
    assert.ok(texts.length > 0, where);
    const all = texts.join('\n').toLowerCase();
    for (const form of forms) if (all.includes(form.toLowerCase())) assert.fail(`${form} stands in ${where}: ${texts.find((t) => t.toLowerCase().includes(form.toLowerCase())).slice(0, 400)}`);
  }
  // One walk over the disk for all of them, in whichever case.
  const list = path.join(work, 'forms');
  fs.writeFileSync(list, `${[...new Set(forms.flatMap((f) => [f, encodeURIComponent(f)]))].join('\n')}\n`);
  const control = path.join(work, 'control'), search = (where) => spawnSync('grep', ['-r', '-o', '-i', '-a', '-F', '-f', list, where], { encoding: 'utf8', maxBuffer: 1 << 26 });
  fs.writeFileSync(control, `\0${used.addresses[3].toUpperCase()}\0${used.names[9]}\n`);
  assert.match(search(control).stdout, /QZ3[^]*Wrzeszczyk|QZ3[^]*Gżegżółkowa9|QZ3[^]*Trzcinkowiec9/i);      // what stands there would be found
  const found = search(sejf.data);
  assert.equal(found.stdout.slice(0, 2000), '');
  assert.equal(found.status, 1, found.stderr);
  assert.ok(fs.readFileSync(path.join(sejf.data, 'log', 'sejf.log'), 'utf8').length > 1000);
});
