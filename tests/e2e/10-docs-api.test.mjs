// Every block of docs/api.md and docs/access.md is run as it stands: sh with curl, JavaScript with node, Python. The set-up blocks of a language
// go before each of its blocks.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root } from './lib.mjs';

const text = fs.readFileSync(path.join(root, 'docs/api.md'), 'utf8');
const blocks = [];
let section = '';
for (const m of text.matchAll(/^## (.+)$|^```(sh|js|python)\n([\s\S]*?)^```$/gm)) {
  if (m[1]) section = m[1];
  else blocks.push({ section, lang: m[2], code: m[3] });
}
const setup = (lang) => blocks.filter((b) => b.section === 'Set-up' && b.lang === lang).map((b) => b.code);
const sejf = new Instance({ charters: ['events', 'courier'] });
let env;

function run(lang, code) {
  const [command, args] = { sh: ['bash', ['-eu', '-o', 'pipefail', '-s']], js: ['node', ['--input-type=module', '-']], python: ['python3', ['-']] }[lang];
  return new Promise((done) => {
    const child = spawn(command, args, { env: { ...env } });
    let out = '', err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    child.on('close', (status) => done({ status, out, err }));
    child.stdin.end(code);
  });
}

before(async () => {
  await sejf.start();
  env = { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONIOENCODING: 'utf-8', NO_PROXY: '*', SEJF_URL: sejf.url, SEJF_CA: sejf.ca, NODE_EXTRA_CA_CERTS: sejf.ca,
    SEJF_TOKEN: sejf.token('events', sejf.tenant('events', 'Docs'), 'organiser'), SEJF_COURIER_TOKEN: sejf.token('courier', sejf.tenant('courier', 'Docs'), 'company') };
  const names = ['SEJF_EVENT', 'SEJF_REGISTRATION', 'SEJF_PARCEL'];
  const r = await run('sh', `${setup('sh').join('\n')}\nprintf '%s\\n' ${names.map((n) => `"$${n}"`).join(' ')}`);
  assert.equal(r.status, 0, r.err);
  const ids = r.out.trim().split('\n').slice(-3);
  names.forEach((n, i) => { assert.match(ids[i], /^[0-9a-f-]{36}$/, n); env[n] = ids[i]; });
});
after(() => sejf.remove());

for (const b of blocks.filter((x) => x.section !== 'Set-up'))
  test(`${b.section} in ${b.lang}`, async () => {
    const first = b.lang === 'sh' ? `${setup('sh')[0]}\nid() { sed 's/.*"id":"\\([^"]*\\)".*/\\1/'; }` : setup(b.lang).join('\n');
    const r = await run(b.lang, `${first}\n${b.code}`);
    assert.equal(r.status, 0, `${r.err}\n${r.out}`);
    assert.ok(r.out.trim().length > 0, 'it prints what it got');
  });

test('each call stands in three languages', () => {
  const sections = [...new Set(blocks.map((b) => b.section))].filter((s) => s !== 'Set-up');
  assert.ok(sections.length >= 10);
  for (const s of sections) assert.deepEqual(blocks.filter((b) => b.section === s).map((b) => b.lang), ['sh', 'js', 'python'], s);
});

// docs/access.md is one script from top to bottom: what a block leaves behind, the next ones use.
test('the blocks of docs/access.md run one after the other', { timeout: 300000 }, async () => {
  const access = fs.readFileSync(path.join(root, 'docs/access.md'), 'utf8');
  const script = [...access.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((m) => m[1]);
  assert.ok(script.length >= 7, `${script.length} blocks`);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-docs-'));
  try {
    const kept = env;
    env = { ...env, PATH: `${path.dirname(sejf.binary)}:${env.PATH}`, SEJF_DATA: sejf.data };
    const r = await run('sh', `cd '${dir}'\n${script.map((code, i) => `${code}\necho "# block ${i + 1}"`).join('\n')}`);
    env = kept;
    assert.equal(r.status, 0, `${r.err}\n${r.out}`);
    assert.match(r.out, /https:\/\/localhost:\d+\/account\/link\//);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
});
