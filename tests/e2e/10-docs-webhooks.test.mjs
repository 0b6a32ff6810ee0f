// The examples of docs/webhooks.md: settings and lines of a charter are read, questions and answers are JSON, and the lines that check a signature do so.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { Instance, root } from './lib.mjs';

const text = fs.readFileSync(path.join(root, 'docs', 'webhooks.md'), 'utf8');
const blocks = (kind) => [...text.matchAll(new RegExp(`\`\`\`${kind}\n([^]*?)\`\`\``, 'g'))].map((m) => m[1]);
const events = fs.readFileSync(path.join(root, 'charters', 'events.yaml'), 'utf8');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-docs-'));
after(() => fs.rmSync(work, { recursive: true, force: true }));
const check = (name, content) => {
  fs.writeFileSync(path.join(work, name), content);
  const r = new Instance({ data: work }).run(['check', path.join(work, name)]);
  assert.equal(r.status, 0, `${content.slice(-600)}\n${r.stdout}${r.stderr}`);
};

test('what stands in sejf.yaml and in charters is read', () => {
  const yaml = blocks('yaml');
  assert.equal(yaml.length, 5);
  let seen = 0;
  for (const block of yaml) {
    if (/^(webhooks|askers):/.test(block)) check('sejf.yaml', `host: localhost\n${block}`);
    else if (block.startsWith('transfers:')) check('events.yaml', events.replace(/\ntransfers: .*\n/, '\n').replace('\nprocessors:\n', `\n${block}`));
    else if (block.startsWith('processors:')) check('events.yaml', events.replace('\nprocessors:\n', `\n${block}`));
    else check('events.yaml', events.replace('\n    form: register,', `\n${block}    form: register,`));
    seen++;
  }
  check('sejf.yaml', 'webhooks: any public host\n');
  assert.equal(seen, 5);
});

test('questions and answers are JSON, and a signature is checked as it is said', () => {
  for (const block of blocks('json')) assert.equal(typeof JSON.parse(block.replaceAll('…', '0')), 'object');
  const secret = 'whsec_example', body = '{"a":1}', stamp = '1795392000';
  const mac = crypto.createHmac('sha256', secret).update(`${stamp}.${body}`).digest('hex');
  const [js] = blocks('js');
  const fine = (signature) => new Function('crypto', 'secret', 'headers', 'body', 'Buffer', `${js}\nreturn fine;`)(crypto, secret, { 'sejf-timestamp': stamp, 'sejf-signature': signature }, body, Buffer);
  assert.equal(fine(`v1=${mac}`), true);
  assert.equal(fine(`v1=${'0'.repeat(64)},v1=${mac}`), true);
  assert.equal(fine(`v1=${'0'.repeat(64)}`), false);
  assert.equal(fine('v1='), false);
});
