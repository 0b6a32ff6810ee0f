// 13-processes — what the parent refuses, what a user of a process can put in its way, and what init leaves alone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Instance, until } from './lib.mjs';

const asRoot = process.getuid() === 0;
const it = new Instance({ charters: ['events'] });
const at = (name) => path.join(it.data, name);
const pid = (name) => Number(fs.readFileSync(at(`run/${name}.pid`), 'utf8'));
const status = (id, field) => fs.readFileSync(`/proc/${id}/status`, 'utf8').match(new RegExp(`^${field}:\\s+(.*)$`, 'm'))[1];

// Every file and directory with its mode, owner and bytes.
function picture(dir) {
  const seen = [];
  (function walk(d) {
    for (const name of fs.readdirSync(d).sort()) {
      const file = path.join(d, name), s = fs.lstatSync(file);
      seen.push([path.relative(dir, file), s.mode, s.uid, s.mtimeMs, s.isFile() ? crypto.hash('sha256', fs.readFileSync(file)) : '']);
      if (s.isDirectory()) walk(file);
    }
  })(dir);
  return seen;
}

before(() => it.init());
after(() => it.remove());

test('init refuses a data directory that has keys, and touches nothing', () => {
  const before = picture(it.data);
  const r = it.run(['init', '--data', it.data, '--port', '1234', '--host', 'other.example']);
  assert.equal(r.status, 15);
  assert.match(r.stderr, /is a data directory already, with keys of its own: nothing was changed.*sejf serve/);
  assert.deepEqual(picture(it.data), before);
});

test('init refuses a directory with other things in it', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-other-'));
  fs.writeFileSync(path.join(dir, 'thesis.txt'), 'x');
  const r = it.run(['init', '--data', dir]);
  assert.equal(r.status, 15);
  assert.match(r.stderr, /holds other things \(thesis.txt\): nothing was changed/);
  assert.deepEqual(fs.readdirSync(dir), ['thesis.txt']);
  fs.rmSync(dir, { recursive: true });
});

test('root runs nothing without a user for each process', { skip: !asRoot }, () => {
  const yaml = fs.readFileSync(at('sejf.yaml'), 'utf8');
  const rows = [
    ['nginx_user: nobody-such', /the user nobody-such does not exist.*make-users/],
    ['nginx_user: root', /the user root of nginx is root/],
    ['nginx_user: sejf-server', /the user sejf-server of nginx is that of another process, too.*nginx_user/],
  ];
  for (const [line, says] of rows) {
    fs.writeFileSync(at('sejf.yaml'), `${yaml}\n${line}\n`);
    for (const words of [['serve'], ['tenant', 'list']]) {
      const r = it.run(words);
      assert.equal(r.status, 41, `${line} ${words}: ${r.stderr}`);
      assert.match(r.stderr, says);
    }
  }
  fs.writeFileSync(at('sejf.yaml'), yaml);
});

test('what lies in the place of the number of nginx does not hold the start up', async () => {
  const note = at('nginx/tmp/nginx.pid');
  fs.rmSync(note, { force: true });
  spawnSync('mkfifo', [note]);
  await it.start();
  assert.ok(fs.lstatSync(note).isFile());
});

test('each process has a user of its own, no_new_privs, and seccomp', async () => {
  for (const name of ['keeper', 'server', 'nginx']) {
    await until(`the number of ${name}`, () => fs.existsSync(at(`run/${name}.pid`)));
    assert.equal(status(pid(name), 'NoNewPrivs'), '1', name);
    assert.equal(status(pid(name), 'Seccomp'), '2', name);
    assert.equal(status(pid(name), 'CapEff'), '0000000000000000', name);
    if (asRoot) assert.notEqual(status(pid(name), 'Uid').split(/\s+/)[0], '0', name);
  }
});

test('a keeper that was killed is reached again without a new connection of the file system', async () => {
  const tenant = it.tenant('events', 'Killed'), token = it.token('events', tenant, 'organiser');
  const make = () => it.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Wieczór', starts: '2027-05-01T18:00:00Z', ends: '2027-05-01T20:00:00Z' } } });
  assert.equal((await make()).status, 201);
  const first = pid('keeper');
  for (const file of ['run/keeper.sock']) fs.rmSync(at(file), { force: true });
  process.kill(first, 'SIGKILL');
  await until('another keeper', () => pid('keeper') !== first);
  await until('records again', async () => (await make()).status === 201, 60000);
  const made = (await make()).json.id;
  assert.equal((await it.call('GET', `/v1/events/event/${made}`, { token })).status, 200);
});

test('the caps of the keeper stand in sejf.yaml, are checked, and are shown', async () => {
  const yaml = fs.readFileSync(at('sejf.yaml'), 'utf8');
  assert.match(yaml, /^# *Keys that the keeper opens for one tenant in a minute/m);
  await it.stop();
  for (const [line, says] of [['key_openings: many', /a number from 1 to 1000000000/], ['key_destructions: 0', /a number from 1 to 1000000000/]]) {
    fs.writeFileSync(at('sejf.yaml'), `${yaml.replace(/^key_(openings|destructions):.*$/mg, '')}\n${line}\n`);
    const r = it.run(['serve']);
    assert.notEqual(r.status, 0);
    assert.match(r.stderr, says);
  }
  fs.writeFileSync(at('sejf.yaml'), `${yaml.replace(/^key_(openings|destructions):.*$/mg, '')}\nkey_openings: 300\nkey_destructions: 2\n`);
  await it.start();
  const status = JSON.parse(it.run(['key', 'status', '--json']).stdout);
  assert.equal(status.opened_most, 300);
  assert.equal(status.destroyed_most, 2);
  assert.match(it.run(['key', 'status']).stdout, /at most 2 \(key_destructions\)[\s\S]*at most 300 for each tenant \(key_openings\)/);
});

test('above the cap of a day erasing waits for a person', async () => {
  const tenant = it.tenant('events', 'Capped'), token = it.token('events', tenant, 'organiser');
  const ids = [];
  for (let i = 0; i < 3; i++) {
    const r = await it.call('POST', '/v1/events/event', { token, body: { fields: { title: `Wieczór ${i}`, starts: '2027-05-01T18:00:00Z', ends: '2027-05-01T20:00:00Z' } } });
    assert.equal(r.status, 201, r.text);
    ids.push(r.json.id);
  }
  const before = JSON.parse(it.run(['key', 'status', '--json']).stdout);
  const left = Math.max(0, before.destroyed_most + before.allowed_today - before.destroyed_today);
  const answers = [];
  for (const id of ids) answers.push((await it.call('DELETE', `/v1/events/event/${id}`, { token })).status);
  const after = JSON.parse(it.run(['key', 'status', '--json']).stdout);
  assert.ok(after.destroyed_today <= before.destroyed_today + left, JSON.stringify({ before, after, answers }));
  assert.ok(answers.filter((s) => s < 300).length <= left, `${answers}`);
  assert.ok(answers.filter((s) => s === 429).length >= 3 - left, `${answers}`);
  const allowed = it.run(['key', 'allow', '1000']);
  assert.equal(allowed.status, 0, allowed.stderr);
  assert.equal(JSON.parse(it.run(['key', 'status', '--json']).stdout).allowed_today, before.allowed_today + 1000);
  for (const id of ids) assert.ok([200, 204, 404, 410].includes((await it.call('DELETE', `/v1/events/event/${id}`, { token })).status));
});

// The process that asks other services: there is none where sejf.yaml declares nowhere to send to.
const provider = (more = '') => `sign_in_with:\n  - name: Company\n    issuer: https://login.company.example\n    client_id: sejf\n    client_secret: file company.secret\n${more}`;

test('no sender is started, and no user asked for it, where nothing is declared', async () => {
  assert.ok(!fs.existsSync(at('run/sender.pid')));
  await it.stop();
  fs.appendFileSync(at('sejf.yaml'), '\nsender_user: nobody-such\n');
  await it.start();
  assert.ok(!fs.existsSync(at('run/sender.pid')));
  await it.stop();
  if (asRoot) {
    fs.writeFileSync(at('company.secret'), 'a secret of the company\n', { mode: 0o600 });
    fs.appendFileSync(at('sejf.yaml'), provider());
    const r = it.run(['serve']);
    assert.equal(r.status, 41);
    assert.match(r.stderr, /the user nobody-such does not exist/);
  }
});

test('a file of authorities that is none is refused at the start', () => {
  const yaml = fs.readFileSync(at('sejf.yaml'), 'utf8').replace(/^sender_user.*$/m, '').replace(/^sign_in_with:[\s\S]*/m, '');
  fs.writeFileSync(at('company.secret'), 'a secret of the company\n', { mode: 0o600 });
  fs.writeFileSync(at('company.pem'), 'no certificate\n');
  fs.writeFileSync(at('sejf.yaml'), `${yaml}\n${provider('    ca: company.pem\n')}`);
  for (const [text, mode] of [['', 0o600], ['two\nlines\n', 0o600], ['a\0b\n', 0o600], ['open to others\n', 0o644]]) {
    fs.writeFileSync(at('company.secret'), text);
    fs.chmodSync(at('company.secret'), mode);
    const refused = it.run(['serve']);
    assert.equal(refused.status, 41, refused.stderr);
    assert.match(refused.stderr, /the client secret of Company \(sign_in_with\) cannot be had from .*company\.secret/);
  }
  fs.writeFileSync(at('company.secret'), 'a secret of the company\n');
  fs.chmodSync(at('company.secret'), 0o600);
  const r = it.run(['serve']);
  assert.equal(r.status, 41, r.stderr);
  assert.match(r.stderr, /company\.pem, the "ca" of login\.company\.example in sejf\.yaml, cannot be read as certificates/);
  fs.writeFileSync(at('sejf.yaml'), `${yaml}\n${provider()}`);
});

test('the sender has a user of its own, no_new_privs, seccomp, and nothing of the data directory', async () => {
  await it.start();
  await until('the number of the sender', () => fs.existsSync(at('run/sender.pid')));
  const id = pid('sender');
  assert.equal(status(id, 'NoNewPrivs'), '1');
  assert.equal(status(id, 'Seccomp'), '2');
  assert.equal(status(id, 'CapEff'), '0000000000000000');
  if (asRoot) {
    const uids = ['keeper', 'server', 'nginx', 'sender'].map((name) => status(pid(name), 'Uid').split(/\s+/)[0]);
    assert.equal(new Set(uids).size, 4, `${uids}`);
    assert.ok(!uids.includes('0'));
    const open = fs.readdirSync(`/proc/${id}/fd`).map((fd) => { try { return fs.readlinkSync(`/proc/${id}/fd/${fd}`); } catch { return ''; } });
    assert.deepEqual(open.filter((file) => file.startsWith(it.data) && !file.endsWith('/sejf.log')), []);
    assert.ok(!fs.readFileSync(`/proc/${id}/net/tcp`, 'utf8').split('\n').some((line) => line.trim().split(/\s+/)[7] === status(id, 'Uid').split(/\s+/)[0] && / 0A /.test(line)));
  }
  const doctor = JSON.parse(it.run(['doctor', '--json']).stdout);
  const says = (about) => doctor.checks.filter((c) => c.about === about);
  assert.ok(says('sandbox').every((c) => c.level === 'good'), JSON.stringify(says('sandbox')));
  if (asRoot) assert.ok(says('users').every((c) => c.level === 'good'), JSON.stringify(says('users')));
});

test('a sender that was killed is started anew, and holds up nobody', async () => {
  const first = pid('sender');
  process.kill(first, 'SIGKILL');
  assert.equal((await it.call('GET', '/healthz')).status, 200);
  await until('another sender', () => pid('sender') !== first && fs.existsSync(`/proc/${pid('sender')}`), 60000);
  assert.equal((await it.call('GET', '/readyz')).status, 200);
});
