// The blocks of the pages about forgetting and about rights are run as they stand, each page as one script from top to bottom: what a block leaves behind, the
// next ones use. JSON is read; what stands there of charters stands in one of ours, or is put
// into it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root, until } from './lib.mjs';
import { Sink } from './sink.mjs';

const page = (name) => fs.readFileSync(path.join(root, 'docs', name), 'utf8');
const blocks = (text, lang) => [...text.matchAll(new RegExp(`^\`\`\`${lang}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((m) => m[1]);
const api = blocks(page('api.md'), 'sh')[0];
assert.match(api, /^# sh setup\n[\s\S]*^api\(\)/m);
let sejf, sink, dir, env;

const make = async (service, kind, token, fields, more = {}) => {
  const r = await sejf.call('POST', `/v1/${service}/${kind}`, { token, body: { fields, ...more } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};
const run = (script, more) => new Promise((done) => {
  const child = spawn('bash', ['-eu', '-o', 'pipefail', '-s'], { cwd: dir, env: { ...env, ...more } });
  let out = '', err = '';
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { err += d; });
  child.on('close', (status) => done({ status, out, err }));
  child.stdin.end(script);
});

before(async () => {
  sink = await Sink.start();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-docs-'));
  sejf = await new Instance({ charters: ['events', 'bookings', 'courier', 'machines'] }).init();
  sink.install(sejf);
  await sejf.start();
  fs.symlinkSync(sejf.binary, path.join(dir, 'sejf'));
  env = { PATH: `${dir}:${process.env.PATH}`, HOME: process.env.HOME, NO_PROXY: '*', SEJF_DATA: sejf.data, SEJF_URL: sejf.url, SEJF_CA: sejf.ca };
}, { timeout: 180000 });
after(async () => { if (sejf) await sejf.remove(); if (sink) await sink.stop(); fs.rmSync(dir, { recursive: true, force: true }); });

// A tenant of its own for each page.
async function whose(service, role, name) {
  const tenant = sejf.tenant(service, name), token = sejf.token(service, tenant, role);
  return { tenant, token, env: { SEJF_TENANT: String(tenant), SEJF_TOKEN: token } };
}
async function registered(w) {
  const event = await make('events', 'event', w.token, { title: 'Ball', starts: '2030-05-01T18:00:00Z', ends: '2030-05-01T22:00:00Z' });
  return make('events', 'registration', w.token, { event, name: 'Anna Sowa', email: 'anna.sowa@people.example' });
}
async function runs(name, least, more) {
  const text = page(name), script = blocks(text, 'sh');
  assert.ok(script.length >= least, `${script.length} blocks`);
  const r = await run(`${api}\n${script.map((code, i) => `echo "# block ${i + 1}"\n${code}`).join('\n')}`, more);
  assert.equal(r.status, 0, `${r.err}\n${r.out}`);
  for (const json of blocks(text, 'json')) JSON.parse(json);
  return r.out;
}
// What stands in a page as a part of a charter is a part of one that `sejf check` takes.
function checks(text) {
  const file = path.join(dir, 'whole.yaml');
  fs.writeFileSync(file, text);
  const r = sejf.run(['check', file]);
  assert.equal(r.status, 0, r.stdout + r.stderr);
}
const charter = (name) => fs.readFileSync(path.join(root, 'charters', `${name}.yaml`), 'utf8');

test('docs/retention.md', { timeout: 120000 }, async () => {
  const w = await whose('events', 'organiser', 'Retention'), courier = await whose('courier', 'company', 'Parcels');
  const parcel = await make('courier', 'parcel', courier.token, { name: 'Anna Sowa', phone: '+36301234567', address: 'Fő utca 1, Győr', price: { amount: '12.50', currency: 'EUR' }, delivered: new Date().toISOString() });
  await registered(w);
  const out = await runs('retention.md', 3, { ...w.env, SEJF_COURIER_TOKEN: courier.token, SEJF_PARCEL: parcel });
  assert.match(out, /"kept":\[\{"kind":"parcel".*"because":/);
});

test('docs/holds.md', { timeout: 120000 }, async () => {
  const w = await whose('events', 'organiser', 'Holds'), registration = await registered(w);
  fs.writeFileSync(path.join(dir, 'newer.yaml'), charter('events').replace('keep: 180 days', 'keep: 90 days'));
  const out = await runs('holds.md', 3, { ...w.env, SEJF_REGISTRATION: registration });
  assert.match(out, /Lawsuit I C 12\/27/);
  const [keep] = blocks(page('holds.md'), 'yaml');
  assert.ok(charter('courier').replace(/ +#.*$/gm, '').includes(keep.replace(/^(?=.)/gm, '    ')), 'as the charter of the couriers has it');
});

test('docs/consents.md', { timeout: 120000 }, async () => {
  const w = await whose('bookings', 'business', 'Consents');
  const service = await make('bookings', 'service', w.token, { title: 'Massage', minutes: 60 }), staff = await make('bookings', 'staff', w.token, { name: 'Jan Wolny', email: 'jan@staff.example' });
  const visit = await make('bookings', 'visit', w.token, { service, staff, starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T18:00:00Z', name: 'Ewa Nowak', phone: '+48600100200', note: 'nuts' }, { consents: { health: true } });
  const question = await make('bookings', 'question', w.token, { email: 'ewa@people.example', text: 'When?' });
  const out = await runs('consents.md', 3, { ...w.env, SEJF_VISIT: visit, SEJF_QUESTION: question });
  assert.match(out, /dpv:ConsentReceipt/);
});

test('docs/versions.md', { timeout: 120000 }, async () => {
  const w = await whose('machines', 'customer', 'Versions');
  const technician = await make('machines', 'technician', w.token, { name: 'Ida Bruun', phone: '+4520123456' });
  fs.writeFileSync(path.join(dir, 'next.yaml'), charter('machines').replace(/updated: \d{4}-\d\d-\d\d/, 'updated: 2099-01-02')
    .replace(/(  technician:\n(?:    .*\n)*?    used_for:.*\n      - .*\n)/, '$1      - {en: training offers, pl: oferty szkoleń, hu: képzési ajánlatok}\n'));
  const out = await runs('versions.md', 2, { ...w.env, SEJF_TECHNICIAN: technician });
  assert.match(out, /training offers/);
  const [line] = blocks(page('versions.md'), 'yaml');
  checks(charter('machines').replace(/^changes: .*\n/m, line));
});

test('docs/certificates.md', { timeout: 120000 }, async () => {
  const w = await whose('events', 'organiser', 'Certificates'), registration = await registered(w);
  assert.equal((await sejf.call('DELETE', `/v1/events/registration/${registration}`, { token: w.token })).status, 200);
  const out = await runs('certificates.md', 1, w.env);
  assert.match(out, /Proved:/);
  assert.equal(fs.readFileSync(path.join(dir, 'certificate.pdf')).subarray(0, 5).toString(), '%PDF-');
});

test('docs/mail.md', { timeout: 120000 }, async () => {
  const before = sink.letters.length, w = await whose('events', 'organiser', 'Mail');
  await runs('mail.md', 1, w.env);
  await until('the letter', () => sink.letters.slice(before).some((l) => l.to.includes('you@company.example')), 60000);
  const [settings] = blocks(page('mail.md'), 'yaml');
  const other = await new Instance({ charters: ['events'] }).init();
  try {
    fs.mkdirSync(path.join(other.data, 'secret'), { mode: 0o700, recursive: true });
    fs.writeFileSync(path.join(other.data, 'secret', 'relay'), 'word\n', { mode: 0o600 });
    fs.appendFileSync(path.join(other.data, 'sejf.yaml'), settings);
    const r = other.run(['doctor']);
    assert.match(r.stdout + r.stderr, /relay\.company\.example/);        // read, and looked for: it is nobody's
  } finally {
    await other.remove();
  }
});
