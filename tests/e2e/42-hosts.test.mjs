// "hosts: only declared ones": sejf starts on the machine that init declared, and not where sejf.yaml names other machines alone; a charter that
// says nothing of machines starts anywhere.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after } from 'node:test';
import { Instance } from './lib.mjs';

const OTHER = 'ffffffffffffffffffffffffffffffff';
const made = [];
const make = async (charters) => {
  const sejf = new Instance({ charters });
  made.push(sejf);
  return sejf.init();
};
const declare = (sejf, list) => {
  const file = path.join(sejf.data, 'sejf.yaml');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/^hosts: .*$/m, list));
};
after(() => Promise.all(made.map((s) => s.remove())));

test('the machine that init declared, and no other', { timeout: 120000 }, async () => {
  const sejf = await make(['mail']);
  const own = sejf.run(['host']).stdout.match(/^([0-9a-f]{32}) {2}\S/)[1];
  assert.equal(fs.existsSync('/etc/machine-id') && fs.readFileSync('/etc/machine-id', 'utf8').trim() === own, false, 'the id itself is told to nobody');
  declare(sejf, `hosts: [{id: ${OTHER}, name: elsewhere}]`);
  const r = await sejf.runAsync(['serve', '--data', sejf.data]);
  assert.notEqual(r.status, 0);
  assert.match(r.stderr, new RegExp(`declared machines only, and this one \\(${own}\\) is none of them.*"- \\{id: ${own}, name: …\\}" under "hosts" in .*sejf\\.yaml`));
  assert.match(sejf.run(['host']).stdout, new RegExp(`^${own} {2}not declared in `));
  declare(sejf, `hosts:\n  - {id: ${OTHER}, name: elsewhere}\n  - {id: ${own}, name: here, owner: Serwerownia sp. z o.o.}`);
  await sejf.start();
  assert.match(sejf.run(['host']).stdout, /here, of Serwerownia sp\. z o\.o\./);
  const found = JSON.parse((await sejf.runAsync(['prove', 'mail', '--json', '--rule', 'hosts_declared'])).stdout).rules.find((x) => x.rule === 'hosts_declared');
  assert.equal(found.kept, true, found.detail);
});

test('a charter that names no machines starts anywhere', { timeout: 120000 }, async () => {
  const sejf = await make(['events']);
  declare(sejf, `hosts: [{id: ${OTHER}, name: elsewhere}]`);
  await sejf.start();
  assert.equal((await sejf.call('GET', '/healthz')).status, 200);
});
