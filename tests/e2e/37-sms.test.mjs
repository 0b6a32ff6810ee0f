// Text messages: to whom they go, what they cost and who may open a further country. The provider is a small one of this test, described in sejf.yaml.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, grep, root, until } from './lib.mjs';
import { Visitor, invited } from './people.mjs';
import { Sink, certificate } from './sink.mjs';

let sejf, sink, hub, tenant, other, token, stranger, admin, outsider, count = 0;
const V1 = '/v1/courier', TODAY = () => new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Budapest' }).format(new Date());
const later = (days) => new Date(Date.now() + days * 86400000).toISOString();
const parcel = async (phone, t = token) => {
  const r = await sejf.call('POST', `${V1}/parcel`, { token: t, body: { fields: { name: `Kovács Éva ${++count}`, phone, address: 'Fő utca 1, Szeged', price: { amount: '1990', currency: 'HUF' } } } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};
const send = async (phone, { text = 'A csomagja ma megérkezik.', t = token, at } = {}) => sejf.call('POST', `${V1}/messages`, { token: t, body: { channel: 'sms', kind: 'parcel', id: await parcel(phone, t), text, ...(at ? { at } : {}) } });
const measure = (body, t = token) => sejf.call('POST', `${V1}/sms/measure`, { token: t, body });
const shown = async (t = tenant, k = token) => (await sejf.call('GET', `/v1/tenants/${t}/sms`, { token: k })).json;
const cli = (...args) => sejf.run(['sms', ...args]);
const digits = (n) => String(10 ** (n - 1) + Math.floor(Math.random() * 9 * 10 ** (n - 1)));

// Takes whatever it is given; taken: what that was.
async function provider() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-hub-')), cert = certificate(directory), taken = [];
  const server = https.createServer({ key: fs.readFileSync(cert.key), cert: fs.readFileSync(cert.cert) }, (req, res) => {
    let text = '';
    req.on('data', (d) => { text += d; });
    req.on('end', () => { taken.push(JSON.parse(text)); res.setHeader('content-type', 'application/json'); res.end(JSON.stringify({ id: `r${taken.length}` })); });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const stop = async () => { server.closeAllConnections(); await new Promise((done) => server.close(done)); fs.rmSync(directory, { recursive: true, force: true }); };
  return { taken, cert: cert.cert, port: server.address().port, stop };
}

before(async () => {
  hub = await provider();
  sink = await Sink.start({ tls: 'none' });
  sejf = new Instance({ charters: ['courier'] });
  await sejf.init();
  fs.writeFileSync(path.join(sejf.data, 'prices.csv'), 'prefix,price,currency\n+36,0.05,EUR\n+36301,0.98,EUR\n+48,0.04,EUR\n+43,0.06,EUR\n+44,0.05,EUR\n');
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), `${sink.settings()}sms:\n  provider: described\n  address: https://localhost:${hub.port}\n  private: yes\n  ca: hub-ca.pem\n  token: file hub-token\n  headers: {x_key: "{{token}}"}\n` +
    `  send: {path: /m, body: '{"to": "{{to}}", "text": "{{text}}", "id": "{{id}}"}'}\n  receipt: /id\n  once: yes\n  prices: prices.csv\n`);
  fs.copyFileSync(hub.cert, path.join(sejf.data, 'hub-ca.pem'));
  fs.chmodSync(path.join(sejf.data, 'hub-ca.pem'), 0o644);
  fs.writeFileSync(path.join(sejf.data, 'hub-token'), 'not-a-secret-of-anyone\n', { mode: 0o600 });
  await sejf.start();
  tenant = sejf.tenant('courier', 'Futár');
  other = sejf.tenant('courier', 'Posta');
  token = sejf.token('courier', tenant, 'company');
  stranger = sejf.token('courier', other, 'company');
  admin = new Visitor(sejf);
  await admin.accept(invited(sejf, ['user', 'new', '--operator'], 'ada@kuldo.example').link, { name: 'Ada Próbna' });
  outsider = new Visitor(sejf);
  await outsider.accept(invited(sejf, ['user', 'invite', 'courier', '--tenant', String(tenant), '--role', 'company'], 'cili@futar.example').link, { name: 'Cili Próba' });
}, { timeout: 120000 });
after(async () => { if (sejf) await sejf.remove(); if (sink) await sink.stop(); if (hub) await hub.stop(); });

test('mobile numbers of listed countries go, whatever way they were written', { timeout: 60000 }, async () => {
  for (const phone of ['+36 20 123 4567', '06 30 123 4567', '0048 601 234 567', '+44 7400 123456', '+43 664 1234567']) {
    const r = await send(phone);
    assert.equal(r.status, 202, `${phone}: ${r.text}`);
    assert.equal(r.json.parts, 1);
  }
});

test('all other numbers are refused, with the gate and the reason', { timeout: 60000 }, async () => {
  const other = ['+35057123456', '+3546112345', '+35569123456', '+37369123456', '+376312345', '+37766661212', '+37866661212', '+380501234567', '+38161123456', '+38267123456', '+38344123456', '+38761123456', '+38970123456', '+905321234567', '+79161234567', '+12125550100'];
  const lines = ['+48701234567', '+48221234567', '+3690123456', '+447797123456', '+447781123456', '+447624123456', '+447012345678', '+447612345678', '+390669812345', '+881612345678'];
  for (const phone of [...other, ...lines]) {
    const r = await send(phone);
    assert.equal(r.status, 403, `${phone}: ${r.text}`);
    assert.equal(r.json.gate, 'number', r.text);
    assert.ok(!r.text.includes(phone.slice(4)), 'a number in an answer');
  }
  assert.match((await send('+380501234567')).json.why, /does not list \+380 for text messages; the operator may allow it for a time/);
  assert.match((await send('+447797123456')).json.why, /another country \(JE\)/);
});

test('cost is shown before sending, with what plain letters would cost', { timeout: 60000 }, async () => {
  const text = 'Zażółć gęślą jaźń — csomagja megérkezett. '.repeat(5).trim();
  const r = await measure({ text });
  assert.equal(r.status, 200, r.text);
  assert.deepEqual({ ...r.json, transliterated: null }, { encoding: 'ucs-2', parts: 4, units: 209, left: 59, cost: '0.20', currency: 'EUR', prefix: '+36', transliterated: null });
  assert.deepEqual({ ...r.json.transliterated, text: null }, { encoding: 'gsm-7', parts: 2, units: 209, left: 97, cost: '0.10', currency: 'EUR', text: null });
  assert.ok(r.json.transliterated.text.startsWith('Zazolc gesla jazn - csomagja megérkezett. '));
  assert.equal((await measure({ text: 'Köszönjük, é ö ü' })).json.transliterated, null);
  assert.equal((await measure({ text: 'a', prefix: '+48' })).json.cost, '0.04');
  assert.equal((await measure({ text: 'a', prefix: '+49' })).json.cost, null);
  for (const body of [{}, { text: 7 }, { text: 'a', to: '+36201234567' }, { text: 'a', prefix: '+422' }, { text: 'a', prefix: 'x' }, { text: '\u0001' }]) assert.equal((await measure(body)).status, 400, JSON.stringify(body));
  assert.equal((await measure({ text: 'a' }, sejf.token('courier', tenant, 'courier'))).status, 403);
  assert.equal((await sejf.call('POST', `${V1}/sms/measure`, { body: { text: 'a' } })).status, 401);
});

test('what a template takes with the values of a record is shown, too', { timeout: 60000 }, async () => {
  const put = (name, texts) => sejf.call('PUT', `${V1}/templates/${name}`, { token, body: { kind: 'parcel', ...texts } });
  assert.equal((await put('near', { hu: { text: 'Csomagja úton van: {{link}}' }, en: { text: 'On its way: {{link}}' } })).status, 200);
  const id = await parcel('+36 20 765 4321');
  const r = await measure({ template: 'near', id, lang: 'hu' }), english = await measure({ template: 'near', id, lang: 'en', prefix: '+43' });
  assert.equal(r.status, 200, r.text);
  assert.equal(r.json.encoding, 'ucs-2');
  assert.ok(r.json.parts === 2 && r.json.text.startsWith('Csomagja úton van: https://') && r.json.transliterated.encoding === 'gsm-7' && r.json.cost === '0.10', r.text);
  assert.ok(english.json.text.startsWith('On its way: ') && english.json.prefix === '+43' && english.json.parts === 1, english.text);
  const sent = await sejf.call('POST', `${V1}/messages`, { token, body: { channel: 'sms', kind: 'parcel', id, template: 'near' } });
  assert.equal(sent.status, 202, sent.text);
  await until('it to have gone', async () => (await sejf.call('GET', `${V1}/messages/${sent.json.id}`, { token })).json.state === 'sent', 60000, 200);
  const went = hub.taken.find((m) => m.to === '+36207654321');
  assert.equal(went.text.length, (await measure({ template: 'near', id })).json.text.length);      // measured as it goes
  for (const body of [{ template: 'near', text: 'x' }, { template: 'near', to: 'x' }, { template: 7 }, { id }]) assert.equal((await measure(body)).status, 400, JSON.stringify(body));
  assert.equal((await measure({ template: 'gone', id })).status, 404);
  assert.equal((await measure({ template: 'near', id }, stranger)).status, 404);
});

test('a number without a price goes nowhere, for the charter caps what is spent', { timeout: 60000 }, async () => {
  const r = await send('+49 1511 2345678');
  assert.equal(r.json.gate, 'spend', r.text);
  assert.match(r.json.why, /no price in EUR/);
});

test('an exception opens a country for one tenant until its day, signed by the operator', { timeout: 60000 }, async () => {
  const until = later(20).slice(0, 10), allow = (...more) => cli('allow', '--tenant', String(tenant), '--until', until, '--why', 'Fuvarok Belgrádba', ...more);
  assert.equal((await send('+381 61 123456')).status, 403);
  assert.match(allow('--prefix', '+381', '--by', 'cili@futar.example').stderr, /administrator of the operator's staff/);
  assert.notEqual(allow('--prefix', '+381', '--by', 'nobody@kuldo.example').status, 0);
  for (const [prefix, why] of [['+422', /code of a country/], ['+1', /no range of mobile numbers/], ['+36', /lists \+36 for every tenant already/]]) assert.match(allow('--prefix', prefix, '--by', 'ada@kuldo.example').stderr, why);
  assert.notEqual(cli('allow', '--tenant', String(tenant), '--until', '2020-01-01', '--why', 'Fuvar', '--prefix', '+381', '--by', 'ada@kuldo.example').status, 0);
  const made = allow('--prefix', '+381', '--by', 'ada@kuldo.example', '--json');
  assert.equal(made.status, 0, made.stderr);
  const x = JSON.parse(made.stdout);
  assert.ok(x.stands && x.prefix === '+381' && /^account /.test(x.by) && x.number === 1);
  assert.equal((await send('+381 61 123456')).json.gate, 'spend', 'open, and without a price');
  fs.appendFileSync(path.join(sejf.data, 'prices.csv'), '+381,0.09,EUR\n+447797,0.30,EUR\n');
  await sejf.stop();
  await sejf.start();
  const sent = await send('+381 61 123456');
  assert.equal(sent.status, 202, sent.text);
  assert.equal((await send('+381 61 123456', { t: stranger })).json.gate, 'number', 'of another tenant');
  assert.equal((await send('+381 11 123456')).json.gate, 'number', 'a fixed line');
  assert.equal((await send('+381 61 123456', { at: later(25) })).json.gate, 'number', 'after its day');
  const ledger = sejf.run(['ledger', 'export', '--chain', String(tenant)]).stdout;
  assert.match(ledger, /sms_exception_made/);
  assert.ok(ledger.split('\n').some((l) => l.includes('sms_by_exception') && l.includes(sent.json.id)), 'what went outside the list points at its exception');
  assert.equal(cli('end', '1', '--tenant', String(tenant), '--by', 'ada@kuldo.example').status, 0);
  assert.notEqual(cli('end', '1', '--tenant', String(tenant), '--by', 'ada@kuldo.example').status, 0);
  assert.equal((await send('+381 61 123456')).json.gate, 'number', 'it has ended');
  const told = await shown();
  assert.deepEqual(told.exceptions.map((e) => [e.number, e.prefix, e.stands]), [[1, '+381', false]]);
});

test('what the gates let through leaves; what ended meanwhile does not', { timeout: 120000 }, async () => {
  const one = await send('+36 20 765 4321', { text: 'A csomagja úton van.' });
  assert.equal(one.status, 202, one.text);
  await until('it to leave', () => hub.taken.some((m) => m.to === '+36207654321' && m.text === 'A csomagja úton van.'), 60000);
  let held, to;
  for (let lead = 5000, early = false; !early; lead *= 2) {      // a busy machine may need longer to end the exception
    const x = JSON.parse(cli('allow', '--tenant', String(tenant), '--prefix', '+381', '--until', later(20).slice(0, 10), '--why', 'Fuvarok Belgrádba', '--by', 'ada@kuldo.example', '--json').stdout);
    const at = Date.now() + lead;
    to = `+38161${digits(6)}`;
    held = await send(to, { at: new Date(at).toISOString() });
    assert.equal(held.status, 202, held.text);
    assert.equal(cli('end', String(x.number), '--tenant', String(tenant), '--by', 'ada@kuldo.example').status, 0);
    early = Date.now() < at;
    assert.ok(early || lead < 60000, 'the exception ends before the message is to go');
  }
  await until('the gate to stop it', async () => ['over', 'bounced'].includes((await sejf.call('GET', `${V1}/messages/${held.json.id}`, { token })).json.state), 60000);
  assert.ok(!hub.taken.some((m) => m.to === to), 'nothing went to a country whose exception had ended');
});

test('by session, too, and by the operator alone', { timeout: 60000 }, async () => {
  const body = { prefix: '+447797', until: later(3).slice(0, 10), why: 'Csomagok Jerseybe' }, at = `/v1/tenants/${tenant}/sms/exceptions`;
  assert.ok([403, 404].includes((await outsider.call('POST', at, { body })).status));
  assert.equal((await sejf.call('POST', at, { token, body })).status, 401);
  const support = new Visitor(sejf);                                     // of the staff, and not whom the charter names
  await support.accept(invited(sejf, ['user', 'new', '--operator', '--role', 'support'], 'sam@kuldo.example').link, { name: 'Sam Próbny', passkey: true });
  const refused = await support.call('POST', at, { body });
  assert.equal(refused.status, 403);
  assert.match(refused.text, /approved by the administrator of the operator/);
  assert.equal((await admin.call('POST', at, { body: { ...body, prefix: 'x' } })).status, 422);
  const made = await admin.must(201, 'POST', at, { body });
  assert.equal((await send('+44 7797 123456')).status, 202);
  assert.equal((await send('+44 7829 123456')).json.gate, 'number');
  const wide = await admin.must(201, 'POST', at, { body: { ...body, prefix: '+447' } });
  assert.equal((await send('+44 7829 123456')).json.gate, 'number');      // no island by a prefix that is not its own
  await admin.must(204, 'DELETE', `${at}/${wide.number}`);
  await admin.must(204, 'DELETE', `${at}/${made.number}`);
  assert.equal((await admin.call('DELETE', `${at}/${made.number}`)).status, 404);
  assert.equal((await send('+44 7797 123456')).json.gate, 'number');
});

test('a day costs no more than the charter says, also where many send at once', { timeout: 120000 }, async () => {
  // All for one day that is none of midnight's: what is planned for it counts on it.
  const text = 'a'.repeat(760), t = stranger, at = `${later(3).slice(0, 10)}T10:00:00Z`, day = at.slice(0, 10);              // 5 parts, 4.90 EUR: ten of them fit
  const spent = async () => ((await shown(other, t)).days.find((d) => d.day === day) || { spent: '0.00' }).spent;
  assert.equal(await spent(), '0.00');
  const all = await Promise.all(Array.from({ length: 14 }, () => send(`+36 30 1${digits(6)}`, { text, t, at })));
  const fine = all.filter((r) => r.status === 202), no = all.filter((r) => r.status !== 202);
  assert.equal(fine.length, 10, all.map((r) => r.text).join('\n'));
  assert.ok(fine.every((r) => r.json.parts === 5 && r.json.cost === '4.90'));
  for (const r of no) { assert.equal(r.json.gate, 'spend', r.text); assert.ok(r.json.again > at); }
  assert.equal(await spent(), '49.00');
  assert.equal((await send(`+36 20 ${digits(7)}`, { t, at })).status, 202, 'a short one still fits');
  assert.equal(await spent(), '49.05');
  assert.equal((await send(`+36 30 1${digits(6)}`, { text, t, at: `${later(5).slice(0, 10)}T10:00:00Z` })).status, 202, 'another day is another sum');
  const now = await shown(other, t);
  assert.deepEqual([now.spent, now.cap, now.left, now.currency, now.day === TODAY() || now.day < TODAY()], ['0.00', '50.00', '50.00', 'EUR', true]);
  assert.match(cli('show', '--tenant', String(other)).stdout, /^\d{4}-\d\d-\d\d: 0\.00 EUR spent of 50\.00, 50\.00 left/);
});

test('at 80 % its own role gets one letter, in the language of each', { timeout: 120000 }, async () => {
  const boss = new Visitor(sejf), text = 'a'.repeat(760), day = TODAY();
  await boss.accept(invited(sejf, ['user', 'invite', 'courier', '--tenant', String(tenant), '--role', 'company', '--lang', 'pl'], 'danuta@futar.example').link, { name: 'Danuta Próba' });
  const letters = () => sink.letters.map((l) => ({ ...l.read(), to: l.to[0] })).filter((l) => /SMS-y: dziś wydano|SMS-ek: ma|Text messages: /.test(l.subject));
  const had = letters().filter((l) => l.to === 'danuta@futar.example').length;
  assert.equal(had, 0);
  while (Number((await shown()).spent) < 40) assert.equal((await send(`+36 30 1${digits(6)}`, { text })).status, 202);
  await until('the letter', () => letters().some((l) => l.to === 'danuta@futar.example'), 60000);
  await until('the mark', async () => (await shown()).warned !== null, 60000);
  assert.equal((await send(`+36 20 ${digits(7)}`)).status, 202);
  const mine = letters().filter((l) => l.to === 'danuta@futar.example');
  assert.ok(mine.length === 1 || TODAY() !== day, 'one letter a day');
  assert.match(mine[0].subject, /^SMS-y: dziś wydano 4\d\.\d\d z 50\.00 EUR$/);
  assert.match(mine[0].text, /najwyżej 50\.00 EUR/);
});

test('numbers stand nowhere in log and data', { timeout: 60000 }, async () => {
  assert.ok(!fs.readFileSync(path.join(sejf.data, 'log', 'sejf.log'), 'utf8').includes('+36'));
  assert.deepEqual(grep(sejf.data, '201234567'), []);
});

test('the examples of docs/text-messages.md run', { timeout: 60000 }, async () => {
  const section = fs.readFileSync(path.join(root, 'docs/text-messages.md'), 'utf8').split('\n## Providers')[0];
  const blocks = [...section.matchAll(/^```(sh|json|yaml)?\n([\s\S]*?)^```$/gm)].map((m) => [m[1], m[2]]);
  const sh = blocks.filter(([l]) => l === 'sh').map(([, code]) => spawnSync('bash', ['-eu', '-o', 'pipefail', '-c', code],
    { encoding: 'utf8', env: { ...process.env, NO_PROXY: '*', SEJF_URL: sejf.url, SEJF_CA: sejf.ca, SEJF_TOKEN: token, SEJF_TENANT: String(tenant) } }));
  assert.equal(sh.length, 2);
  for (const r of sh) assert.equal(r.status, 0, r.stderr);
  assert.deepEqual(JSON.parse(sh[0].stdout), JSON.parse(blocks.find(([l]) => l === 'json')[1]));
  assert.equal(JSON.parse(sh[1].stdout).cap, '50.00');
  const charter = fs.readFileSync(path.join(root, 'charters/courier.yaml'), 'utf8').replace(/^sms:\n( .*\n)+/m, blocks.find(([l]) => l === 'yaml')[1]);
  const file = path.join(sejf.data, 'docs-courier.yaml');
  fs.writeFileSync(file, charter);
  const checked = sejf.run(['check', file]);
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  fs.rmSync(file);
});

test('a price list with mistakes is refused with their places', { timeout: 60000 }, async () => {
  await sejf.stop();
  const file = path.join(sejf.data, 'prices.csv'), fine = fs.readFileSync(file, 'utf8');
  fs.writeFileSync(file, '+36,0.05,EUR\n+422,x,EUR\n');
  const r = sejf.run(['doctor']);
  assert.match(r.stderr + r.stdout, /prices\.csv:2:1: .*code of a country[\s\S]*prices\.csv:2:6: .*price of one part/);
  fs.writeFileSync(file, fine);
  await sejf.start();
  assert.equal((await shown()).cap, '50.00');
});
