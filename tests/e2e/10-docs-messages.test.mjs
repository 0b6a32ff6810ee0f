// The pages about messages: each fenced block is run as it stands, or is the answer that is compared, or a part of a charter or of sejf.yaml that is read. And each call and each
// command about messages stands in one of the pages.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root, until } from './lib.mjs';
import { Visitor, invited } from './people.mjs';
import { Sink } from './sink.mjs';

const PAGES = ['messages', 'templates', 'campaigns', 'sending', 'bounces', 'text-messages', 'reminders'];
const page = (name) => fs.readFileSync(path.join(root, 'docs', `${name}.md`), 'utf8');
const charter = (name) => fs.readFileSync(path.join(root, 'charters', `${name}.yaml`), 'utf8');
// [{lang, code}] in order; what a test takes is marked, and at the end nothing may be left.
const left = new Map(PAGES.map((name) => [name, [...page(name).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((m) => ({ lang: m[1], code: m[2] }))]));
function take(name, lang, begins = '') {
  const list = left.get(name), at = list.findIndex((b) => b.lang === lang && b.code.startsWith(begins));
  assert.notEqual(at, -1, `${name}.md has no block of ${lang || 'no language'} that begins with "${begins}"`);
  return list.splice(at, 1)[0].code;
}
const api = [...fs.readFileSync(path.join(root, 'docs/api.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)][0][1];
let sejf, sink, dir, base, events, courier;

function run(script, more = {}) {
  return new Promise((done) => {
    const child = spawn('bash', ['-eu', '-o', 'pipefail', '-s'], { cwd: dir, env: { ...base, ...more } });
    let out = '', err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    child.on('close', (status) => done({ status, out, err }));
    child.stdin.end(`${api}\n${script}`);
  }).then((r) => { assert.equal(r.status, 0, `${script}\n${r.err}${r.out}`); return r.out; });
}
function check(name, text, says = /./) {
  const file = path.join(dir, name);
  fs.writeFileSync(file, text);
  const r = sejf.run(['check', file]);
  assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
  assert.match(`${r.stdout}${r.stderr}`, says);
}
// A text of ours with the named part in place of its own.
function put(text, pattern, part) {
  assert.match(text, pattern);
  return text.replace(pattern, () => part);
}
const make = async (w, kind, fields) => {
  const r = await sejf.call('POST', `/v1/${w.service}/${kind}`, { token: w.token, body: { fields } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};
// The members of an answer, and their kinds: what a page shows of it must be so.
const shape = (v) => (Array.isArray(v) ? [v.length > 0 ? shape(v[0]) : null] : v !== null && typeof v === 'object' ? Object.fromEntries(Object.entries(v).sort().map(([k, x]) => [k, shape(x)])) : typeof v);

before(async () => {
  sink = await Sink.start();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-docs-'));
  sejf = await new Instance({ charters: ['events', 'courier'] }).init();
  sink.install(sejf);
  fs.writeFileSync(path.join(sejf.data, 'prices.csv'), left.get('text-messages').find((b) => b.code.startsWith('prefix,')).code);
  fs.writeFileSync(path.join(sejf.data, 'sms.token'), 'tok3n\n', { mode: 0o600 });
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), 'sms: {provider: smsapi, token: file sms.token, prices: prices.csv, address: "https://localhost:9"}\n');
  await sejf.start();
  fs.symlinkSync(sejf.binary, path.join(dir, 'sejf'));
  base = { PATH: `${dir}:${process.env.PATH}`, HOME: process.env.HOME, NO_PROXY: '*', SEJF_DATA: sejf.data, SEJF_URL: sejf.url, SEJF_CA: sejf.ca };
  const side = (service, role) => {
    const tenant = sejf.tenant(service, 'Docs'), token = sejf.token(service, tenant, role);
    return { service, tenant, token, env: { SEJF_TENANT: String(tenant), SEJF_TOKEN: token } };
  };
  events = side('events', 'organiser');
  courier = side('courier', 'company');
  events.event = await make(events, 'event', { title: 'Race', starts: '2030-05-01T07:00:00Z', ends: '2030-05-01T12:00:00Z' });
  events.registration = await make(events, 'registration', { event: events.event, name: 'Anna Sowa', email: 'anna.sowa@people.example' });
}, { timeout: 120000 });
after(async () => { if (sejf) await sejf.remove(); if (sink) await sink.stop(); fs.rmSync(dir, { recursive: true, force: true }); });

test('docs/messages.md', { timeout: 60000 }, async () => {
  const env = { ...events.env, SEJF_REGISTRATION: events.registration };
  check('events.yaml', put(charter('events'), /^messages:\n(?:  .*\n)+/m, take('messages', 'yaml', 'messages:\n  email: only to participant')));
  const gates = take('messages', 'sh', 'api GET'), sends = await run(take('messages', 'sh', 'api POST'), env);
  assert.match(sends, /"state":"waiting"/);
  for (let i = 0; i < 3; i++) await sejf.call('POST', '/v1/events/messages', { token: events.token, body: { kind: 'registration', id: events.registration, subject: 'News', text: 'More.' } });
  assert.match(await run(gates, env), /rate 1/);
  const said = JSON.parse((await run(gates.split('\n')[0], env)).split('\n').find((l) => l.startsWith('{'))), shown = JSON.parse(take('messages', 'json'));
  for (const one of [said, shown]) for (const i of one.items) for (const counted of ['refused', 'put_off']) i[counted] = typeof i[counted];      // by gate: which, depends on what was asked
  assert.deepEqual(shape(said), shape(shown));
  check('mail.yaml', put(charter('mail'), /^messages:\n(?:  .*\n)+/m, take('messages', 'yaml', 'messages:\n  email: only to recipient')));
  check('mail.yaml', put(charter('mail'), /^promised_for:\n(?:  .*\n)+/m, take('messages', 'yaml', 'promised_for:')));
});

test('docs/templates.md', { timeout: 60000 }, async () => {
  const out = await run(take('templates', 'sh'), events.env);
  assert.match(out, /Hello Anna|Hello Jan|See you/);
  assert.match(out, /Dzień dobry/);
});

test('docs/campaigns.md', { timeout: 120000 }, async () => {
  const [, method, at, body] = /^(\w+) (\S+)\n([\s\S]+)$/.exec(take('campaigns', 'http')), wish = { ...JSON.parse(body.replaceAll('0193…', events.event)), at: '2030-04-30T08:00:00Z' };
  const soon = new Date(Date.now() + 3600e3).toISOString();
  const put_ = await sejf.call('PUT', `/v1/events/templates/${wish.template}`, { token: events.token, body: { kind: 'registration', en: { subject: 'Doors', text: 'Doors open at noon, {{name}}.' } } });
  assert.equal(put_.status, 200, put_.text);
  const preview = await sejf.call('POST', `${at}/preview`, { token: events.token, body: { ...wish, at: undefined } });
  assert.deepEqual([preview.status, preview.json.found], [200, 1], preview.text);
  const made = await sejf.call(method, at, { token: events.token, body: { ...wish, at: soon } });
  assert.equal(made.status, 202, made.text);
  const one = `${at}/${made.json.number}`, state = async () => (await sejf.call('GET', one, { token: events.token })).json.state;
  for (const [verb, then] of [['pause', 'paused'], ['resume', 'planned']]) {
    assert.equal((await sejf.call('POST', `${one}/${verb}`, { token: events.token })).status, 200, verb);
    assert.equal(await state(), then);
  }
  // "sejf campaign list --tenant N, show, pause, resume, stop NUMBER --tenant N"
  const line = /^By the command line: (.*)$/m.exec(page('campaigns'))[1], verbs = [...line.matchAll(/`(?:sejf campaign )?(\w+)[^`]*`/g)].map((m) => m[1]);
  assert.deepEqual(verbs, ['list', 'show', 'pause', 'resume', 'stop']);
  for (const verb of verbs) await run(`sejf campaign ${verb} ${verb === 'list' ? '' : made.json.number} --tenant "$SEJF_TENANT"`, events.env);
  await until('it to be stopped', async () => /stop/.test(await state()), 30000);
});

test('docs/sending.md', { timeout: 60000 }, async () => {
  const out = await run(take('sending', 'sh'), events.env), settings = take('sending', 'yaml');
  assert.match(out, /s2026\._domainkey\.seats\.example\. IN TXT/);
  assert.ok(out.includes(/^ *dkim: .*$/m.exec(settings)[0].trim()), out);
  check('sejf.yaml', `host: localhost\n${settings}`);
});

test('docs/bounces.md', { timeout: 60000 }, async () => {
  check('sejf.yaml', `host: localhost\n${take('bounces', 'yaml')}`);
  const jan = sejf.run(['user', 'invite', 'events', '--tenant', String(events.tenant), '--role', 'organiser', '--email', 'jan@seats.example', '--name', 'Jan']);
  assert.equal(jan.status, 0, jan.stderr);
  const script = take('bounces', 'sh').replaceAll('--tenant 1 ', `--tenant ${events.tenant} `).replace(/--tenant 1$/m, `--tenant ${events.tenant}`);
  await run(`${script}\nsejf send shares --tenant ${events.tenant}`, events.env);
  const found = await sejf.call('POST', '/v1/events/suppressions/find', { token: events.token, body: { email: 'anna@people.example' } });
  assert.deepEqual(found.json.counts, {}, 'put, and lifted');
});

test('docs/text-messages.md', { timeout: 60000 }, async () => {
  check('courier.yaml', put(charter('courier'), /^sms:\n(?: .*\n)+/m, take('text-messages', 'yaml', 'sms:\n  only_to')));
  take('text-messages', '', 'prefix,');                       // the list that this instance has
  fs.copyFileSync(path.join(sejf.data, 'prices.csv'), path.join(dir, 'prices.csv'));
  fs.mkdirSync(path.join(dir, 'secret'), { mode: 0o700 });
  check('sejf.yaml', `host: localhost\n${take('text-messages', 'yaml', 'sms:\n  prices')}`);
  const ada = new Visitor(sejf);
  await ada.accept(invited(sejf, ['user', 'new', '--operator'], 'ada@seats.example').link, { name: 'Ada Próbna' });
  const allow = take('text-messages', '', 'sejf sms allow').replaceAll('--tenant 1', `--tenant ${courier.tenant}`).replace('2027-03-31', new Date(Date.now() + 60 * 86400e3).toISOString().slice(0, 10));
  assert.match(await run(allow, courier.env), /\+380/);
  const measured = JSON.parse(await run(take('text-messages', 'sh', 'curl -sS --cacert "$SEJF_CA" -H "Authorization: Bearer $SEJF_TOKEN" -H'), courier.env));
  assert.deepEqual(measured, JSON.parse(take('text-messages', 'json')));
  const today = JSON.parse(await run(take('text-messages', 'sh'), courier.env));
  assert.deepEqual([today.cap, today.left], ['50.00', '50.00']);
  for (const begins of ['sms:\n  provider: smsapi', 'sms:\n  provider: described']) check('sejf.yaml', `host: localhost\n${take('text-messages', '', begins)}`);
});

test('docs/reminders.md', { timeout: 60000 }, () => {
  check('bookings.yaml', put(charter('bookings'), /^    remind: .*$/m, `    ${take('reminders', '').trim()}`));
});

test('every block was run, read or compared', () => {
  assert.deepEqual([...left].filter(([, list]) => list.length > 0).map(([name, list]) => `${name}.md: ${list[0].code.slice(0, 80)}`), []);
});

test('every call and every command about messages stands in a page, and every link leads somewhere', async () => {
  const all = [...PAGES, 'webhooks', 'mail'].map(page).join('\n');
  const paths = Object.entries((await sejf.call('GET', '/v1/account/openapi.json')).json.paths).flatMap(([at, methods]) => Object.keys(methods).map((m) => `${m.toUpperCase()} ${at}`))
    .filter((c) => /\/(messages|templates|campaigns|suppressions|sms|webhooks|gates|sending|letters)\b/.test(c));
  assert.ok(paths.length > 30, paths.join('\n'));
  const missing = paths.filter((call) => {
    const [method, at] = call.split(' '), parts = at.split('/').filter((p) => p && p !== 'v1'), words = parts.filter((p) => !p.startsWith('{')), own = words.at(-1);
    // "POST …/find", "GET /v1/{service}/campaigns", api GET "/v1/events/gates", "PATCH …/{number}": the method, and behind it how the path ends.
    const end = own === parts.at(-1) ? `/${own}\\b` : `(/${own}\\b|…/\\{)`;
    return !new RegExp(`${method}[^\n]{0,60}?${end}|curl[^]{0,200}/${own}"|\`${own}\``).test(all);
  });
  assert.deepEqual(missing, []);
  const commands = [...sejf.run(['help']).stdout.matchAll(/^  sejf (send|template|campaign|suppression|sms|dkim|mail|webhook) (\w+)/gm)].map((m) => [m[1], m[2]]);
  assert.ok(commands.length > 20);
  assert.deepEqual(commands.filter(([group, verb]) => !new RegExp(`sejf ${group} ${verb}\\b|sejf ${group} [^\n]*\`${verb}\\b`).test(all)).map((c) => c.join(' ')), []);
  for (const name of [...PAGES, 'webhooks', 'mail'])
    for (const [, file, heading] of page(name).matchAll(/\]\(([\w-]+\.md)?(?:#([\w-]+))?\)/g)) {
      const target = file ? file.replace('.md', '') : name;
      assert.ok(fs.existsSync(path.join(root, 'docs', `${target}.md`)), `${name}.md: ${file}`);
      const headings = [...page(target).matchAll(/^#+ (.+)$/gm)].map((m) => m[1].toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
      if (heading) assert.ok(headings.includes(heading), `${name}.md: #${heading}`);
    }
});
