// 36-bounces: what comes back, in the forms that mail servers send, over real sockets; complaints; leaving a list by one click and by the page; and what must not
// get in: addresses made up, mail for others, messages hidden in messages, ten megabytes, peers that say nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort, grep, Instance, root, until } from './lib.mjs';
import { Visitor, invited } from './people.mjs';
import { Sink } from './sink.mjs';

const cleanup = [];
after(async () => { for (const fn of cleanup.reverse()) await fn(); });

const domain = 'bounces.seats.example';
let sejf, sink, port, tenant, organiser, event;
const people = [];                                            // {id, email}

async function register(name) {
  const email = `${name}@people.example`;
  const r = await sejf.call('POST', '/v1/events/registration', { token: organiser, body: { fields: { event, name: `${name} Zawilska`, email } } });
  assert.equal(r.status, 201, r.text);
  people.push({ id: r.json.id, email });
  return people.at(-1);
}
const send = (person, subject = 'News of the event') => sejf.call('POST', '/v1/events/messages', { token: organiser, body: { kind: 'registration', id: person.id, subject, text: 'Good day.\n' } });
// A message that goes: the letter as the relay has it.
async function letterTo(person) {
  const before = sink.letters.length;
  const r = await send(person);
  assert.equal(r.status, 202, r.text);
  return until(`a letter to ${person.email}`, () => sink.letters.slice(before).find((l) => l.to[0] === person.email), 60000, 100);
}
const find = async (person) => {
  const r = await sejf.call('POST', '/v1/events/suppressions/find', { token: organiser, body: { email: person.email } });
  assert.equal(r.status, 200, r.text);
  return r.json;
};

// One conversation: sends what it is given after each answer, and tells the last answers. Lines: strings, sent with CRLF; Buffers as they are.
function talk(lines, { wait = 30000 } = {}) {
  return new Promise((done, fail) => {
    const s = net.connect(port, '127.0.0.1');
    let text = '', at = 0;
    const answers = [];
    const timer = setTimeout(() => { s.destroy(); fail(new Error(`no answer: ${JSON.stringify(answers)}`)); }, wait);
    const end = () => { clearTimeout(timer); s.destroy(); done(answers); };
    s.on('error', end).on('close', end);
    s.on('data', (d) => {
      text += d.toString('latin1');
      for (let m; (m = /^(?:\d{3}-.*\r\n)*(\d{3}) .*\r\n/.exec(text)); ) {
        answers.push(m[0]);
        text = text.slice(m[0].length);
        if (at === lines.length) { end(); return; }
        const next = lines[at++];
        if (next !== null) s.write(Buffer.isBuffer(next) ? next : `${next}\r\n`);      // null: one more answer
      }
    });
  });
}
const deliver = async (to, message) => {
  const body = Buffer.from(`${message.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..')}\r\n.\r\n`, 'latin1');
  // A letter that came just now may still be on its way for sejf: 451, and a mail server comes again.
  return until('an answer that lasts', async () => {
    const answers = await talk(['EHLO mx.people.example', 'MAIL FROM:<>', `RCPT TO:<${to}>`, 'DATA', body]);
    return !answers.at(-1).startsWith('451') && answers.at(-1);
  }, 60000, 200);
};

const report = (from, subject, group, { text = 'I am sorry.', original = 'Subject: News of the event\n\n' } = {}) => `From: ${from}
To: <somebody@seats.example>
Subject: ${subject}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4F2C.1763/mx.people.example"

This is a MIME-encapsulated message.

--4F2C.1763/mx.people.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

${text}

--4F2C.1763/mx.people.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.people.example
Arrival-Date: Mon, 23 Nov 2026 00:00:00 +0000 (UTC)

${group}

--4F2C.1763/mx.people.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

${original}
--4F2C.1763/mx.people.example--
`;
const group = (email, action, status, said) => `Final-Recipient: rfc822; ${email}
Original-Recipient: rfc822;${email}
Action: ${action}
Status: ${status}
Remote-MTA: dns; mx.people.example
Diagnostic-Code: smtp; ${said}`;

// What mail servers send when an address is dead, each in its own way.
const forms = {
  postfix: (p) => report('MAILER-DAEMON@mx.people.example (Mail Delivery System)', 'Undelivered Mail Returned to Sender', group(p.email, 'failed', '5.1.1', `550 5.1.1 <${p.email}>: Recipient address rejected:
    User unknown in virtual mailbox table`)),
  exchange: (p) => report('<postmaster@people.example>', 'Undeliverable: News of the event', group(p.email, 'failed', '5.1.10', `550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ${p.email} not found by SMTP address lookup`)),
  gmail: (p) => report('Mail Delivery Subsystem <mailer-daemon@people.example>', 'Delivery Status Notification (Failure)', group(p.email, 'failed', '5.1.1',
    '550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking\n 550-5.1.1 the recipient\'s email address')),
  exim: (p) => `From: Mail Delivery System <Mailer-Daemon@mx.people.example>
To: somebody@seats.example
Subject: Mail delivery failed: returning message to sender
Auto-Submitted: auto-replied

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ${p.email}
    host mx.people.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<${p.email}>:
    550 5.1.1 no such user here
`,
  'exim, without a status': (p) => `From: Mail Delivery System <Mailer-Daemon@mx.people.example>
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender

  ${p.email}
    SMTP error from remote mail server after RCPT TO:<${p.email}>:
    550 user unknown
`,
};

describe('what comes back', () => {
  before(async () => {
    port = await freePort();
    sink = await Sink.start({ tls: 'none' });
    cleanup.push(() => sink.stop());
    sejf = await new Instance({ charters: ['events'] }).init();
    cleanup.push(() => sejf.remove());
    sink.install(sejf, { bounces: `{listen: "127.0.0.1:${port}", domain: ${domain}}` });
    await sejf.start();
    tenant = sejf.tenant('events');
    organiser = sejf.token('events', tenant, 'organiser');
    const r = await sejf.call('POST', '/v1/events/event', { token: organiser, body: { fields: { title: 'Fair', starts: '2030-05-01T09:00:00Z', ends: '2030-05-01T17:00:00Z', seats: 100 } } });
    assert.equal(r.status, 201, r.text);
    event = r.json.id;
  });

  test('a dead address gets nothing more, in whichever form it is told', async () => {
    for (const [form, message] of Object.entries(forms)) {
      const p = await register(`dead.${form.replace(/\W/g, '')}`), letter = await letterTo(p);
      assert.match(letter.from, new RegExp(`^b-[0-9a-v]{26}-[0-9a-v]+-[0-9a-v]{16}@${domain}$`), form);
      for (let twice = 0; twice < 2; twice++) assert.match(await deliver(letter.from, message(p)), /^250 /, form);
      assert.deepEqual((await find(p)).counts, { 'dead address': 1 }, form);
      const again = await send(p);
      assert.equal(again.status, 403, again.text);
      assert.equal(again.json.gate, 'suppressed');
    }
  });

  test('delays, deliveries, mixed reports, absence notes and blocks of the sender harm nobody', async () => {
    const p = await register('fine'), other = people[0], letter = await letterTo(p);
    const harmless = [report('MAILER-DAEMON@mx', 'Delayed', group(p.email, 'delayed', '4.4.1', 'connect timed out')), report('MAILER-DAEMON@mx', 'Delivered', group(p.email, 'delivered', '2.0.0', '250 ok')),
      report('MAILER-DAEMON@mx', 'Mixed', `${group(p.email, 'failed', '5.1.1', '550 unknown')}\n\n${group('other@people.example', 'relayed', '2.0.0', '250 ok')}`),
      'From: Anna <anna@people.example>\nSubject: Undeliverable until Monday\nAuto-Submitted: auto-replied (vacation)\n\nI am away. 5.1.1\n',
      'From: Anna <anna@people.example>\nSubject: Re: your parcel could not be delivered\n\nI am in hospital. 550 5.1.1 user unknown\n',
      `From: Anna <anna@people.example>\nSubject: Mail delivery failed\nAuto-Submitted: auto-generated\nX-Large: ${'x'.repeat(900)}\n\n${`${'y'.repeat(900)}\n`.repeat(3000)}`, 'Subject: hello\n\nWho are you?\n', '',
      report('MAILER-DAEMON@mx', 'Blocked', group(p.email, 'failed', '5.7.1', '550 5.7.1 message blocked, your network is on our blocklist'))];
    for (const message of harmless) assert.match(await deliver(letter.from, message), /^250 /);
    assert.deepEqual((await find(p)).counts, {});
    // A report about somebody else is about the letter that it came for.
    const liar = await letterTo(p);
    assert.match(await deliver(liar.from, report('MAILER-DAEMON@mx', 'Undelivered', group('victim@people.example', 'failed', '5.1.1', '550 unknown'))), /^250 /);
    assert.deepEqual((await find({ email: 'victim@people.example' })).counts, {});
    assert.deepEqual((await find(p)).counts, { 'dead address': 1 });
    assert.ok(other);
  });

  test('a complaint ends everything of this tenant, and no program lifts it', async () => {
    const p = await register('cross'), letter = await letterTo(p);
    const arf = (from) => `From: <feedback@people.example>\nSubject: FW: News\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="part1"\n\n--part1\nContent-Type: text/plain\n\nA complaint.\n` +
      `--part1\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: Feedback/1.0\nVersion: 1\nOriginal-Mail-From: <${from}>\nRemoved-Recipient: hidden\n\n--part1\nContent-Type: message/rfc822\n\nReturn-Path: <${from}>\nSubject: News\n\nx\n--part1--\n`;
    assert.match(await deliver(`complaints@${domain}`, arf('nobody@people.example')), /^250 /);
    assert.deepEqual((await find(p)).counts, {});
    assert.match(await deliver(`complaints@${domain}`, arf(letter.from)), /^250 /);
    const found = await find(p);
    assert.deepEqual(found.counts, { complaint: 1 });
    assert.equal(found.items[0].list, 'all');
    assert.ok(new Date(found.items[0].until) - Date.now() > 700 * 86400e3, found.items[0].until);
    for (const reason of [undefined, 'complaint', 'unsubscribed']) {
      const r = await sejf.call('POST', '/v1/events/suppressions/lift', { token: organiser, body: { email: p.email, reason } });
      assert.ok(reason ? r.status === 403 : r.json.lifted === 0, r.text);
    }
    // Erasing the record does not lift it.
    const gone = await sejf.call('DELETE', `/v1/events/registration/${p.id}`, { token: organiser });
    assert.ok([200, 204].includes(gone.status), gone.text);
    assert.deepEqual((await find(p)).counts, { complaint: 1 });
    const back = await register('cross'), refused = await send(back);
    assert.equal(refused.status, 403, refused.text);
    assert.equal(refused.json.gate, 'suppressed');
  });

  test('by hand: put, found, listed without a name, lifted', async () => {
    const p = await register('byhand'), body = { record: `registration/${p.id}`, why: 'asked by telephone' };
    assert.equal((await sejf.call('POST', '/v1/events/suppressions', { token: organiser, body })).status, 201);
    assert.equal((await sejf.call('POST', '/v1/events/suppressions', { token: organiser, body })).status, 200);
    assert.equal((await send(p)).status, 403);
    const list = await sejf.call('GET', '/v1/events/suppressions?limit=1000', { token: organiser });
    assert.ok(list.json.items.some((i) => i.reason === 'by hand') && !list.text.includes('@') && !list.text.includes(p.id), list.text);
    for (const wrong of [{}, { email: 'x' }, { record: 'event/x' }, { email: p.email, name: 'x' }, { email: p.email, why: 'wrote from a@b.example' }, { phone: '12' }, { email: p.email, until: '2020-01-01T00:00:00Z' }])
      assert.equal((await sejf.call('POST', '/v1/events/suppressions', { token: organiser, body: wrong })).status, 422, JSON.stringify(wrong));
    const door = sejf.token('events', tenant, 'door');
    assert.equal((await sejf.call('GET', '/v1/events/suppressions', { token: door })).status, 403);
    for (const path of ['', '/find', '/lift']) assert.equal((await sejf.call('POST', `/v1/events/suppressions${path}`, { token: door, body: { record: body.record } })).status, 403, path);
    assert.equal((await sejf.call('POST', '/v1/events/suppressions', { token: organiser, body: { ...body, why: 'call 601 234-567' } })).status, 422);
    assert.equal((await sejf.call('POST', '/v1/events/suppressions/find', { token: organiser, body: { record: `registration/${event}` } })).status, 404);
    const lifted = await sejf.call('DELETE', `/v1/events/suppressions?record=registration/${p.id}`, { token: organiser });
    assert.equal(lifted.json.lifted, 1, lifted.text);
    assert.equal((await send(p)).status, 202);
    const shown = await sejf.runAsync(['suppression', 'list', '--tenant', String(tenant)]);
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(shown.stdout, /complaint/);
    const sending = await sejf.call('GET', '/v1/events/sending', { token: organiser });
    assert.ok(sending.json.channels[0].bounced >= 4 && sending.json.channels[0].complained === 1 && !sending.json.channels[0].paused, sending.text);
    assert.equal((await sejf.call('POST', '/v1/events/sending/resume', { token: organiser, body: { channel: 'email' } })).status, 403);
  });

  test('one click leaves the list; looking does not', async () => {
    const p = await register('leaver'), letter = await letterTo(p), raw = letter.raw.toString('latin1').replace(/\r\n[ \t]/g, ' ');
    const url = /^List-Unsubscribe: <https:\/\/[^/]+(\/u\/events\/[\w-]+)>/m.exec(raw);
    assert.ok(url, raw.slice(0, 1500));
    assert.match(raw, /^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r?$/m);
    assert.ok(!url[1].includes(p.id) && !Buffer.from(url[1].split('/').at(-1), 'base64url').toString('latin1').includes('people.example'));
    for (const lang of ['pl', 'en', 'hu']) {
      const page = await sejf.call('GET', `${url[1]}?lang=${lang}`);
      assert.equal(page.status, 200);
      assert.match(page.text, new RegExp(`<html lang="${lang}"`));
      assert.ok(page.headers['referrer-policy'] && /no-store/.test(page.headers['cache-control']), JSON.stringify(page.headers));
    }
    await sejf.call('HEAD', url[1]);
    assert.deepEqual((await find(p)).counts, {});
    const click = () => sejf.call('POST', url[1], { body: 'List-Unsubscribe=One-Click', type: 'application/x-www-form-urlencoded', headers: { origin: 'https://mail.example', 'sec-fetch-site': 'cross-site' } });
    for (let twice = 0; twice < 2; twice++) assert.equal((await click()).status, 200);
    assert.deepEqual((await find(p)).counts, { unsubscribed: 1 });
    assert.equal((await send(p)).json.gate, 'suppressed');
    const reader = sejf.token('events', tenant, 'organiser', '--scope', '{"verbs":["read"]}');
    for (const token of [reader, organiser]) {
      const r = await sejf.call('DELETE', `/v1/events/suppressions?record=registration/${p.id}&reason=unsubscribed`, { token });
      assert.equal(r.status, 403, r.text);
    }
    assert.match((await sejf.call('GET', url[1])).text, /value="back"/);
    const back = await sejf.call('POST', url[1], { body: 'do=back', type: 'application/x-www-form-urlencoded' });
    assert.equal(back.status, 200, back.text);
    assert.equal((await send(p)).status, 202);
    const wrong = url[1].slice(0, -2) + (url[1].endsWith('AA') ? 'BB' : 'AA');
    for (const method of ['GET', 'POST']) assert.equal((await sejf.call(method, wrong, method === 'POST' ? { body: 'x=1', type: 'application/x-www-form-urlencoded' } : {})).status, 404);
  });

  test('what is not for us, hidden, too large or silent does not get in', async () => {
    const p = await register('guarded'), letter = await letterTo(p), to = letter.from;
    const forged = to.replace(/.(?=@)/, (c) => (c === 'a' ? 'b' : 'a'));
    assert.match(await deliver(forged, forms.postfix(p)), /^550 /);
    for (const foreign of ['anna@people.example', `postmaster@${domain}`, `${to}.example`, `b-x@${domain}`, `"${to.split('@')[0]}"@${domain}`])
      assert.match((await talk(['EHLO a', 'MAIL FROM:<>', `RCPT TO:<${foreign}>`])).at(-1), /^550 /, foreign);
    const head = ['EHLO a', 'MAIL FROM:<>', `RCPT TO:<${to}>`, 'DATA'];
    const hidden = `Subject: x\r\n\r\nx\n.\r\nMAIL FROM:<>\r\nRCPT TO:<${to}>\r\nDATA\r\n${forms.postfix(p)}\r\n.\r\n`;
    for (const text of [hidden, hidden.replace('x\n.\r\n', 'x\r\n.\n'), hidden.replace('x\n.\r\n', 'x\r.\r\n'), 'x\0\r\n.\r\n']) {
      const answers = await talk([...head, Buffer.from(text, 'latin1')]);
      assert.ok(/^554 /.test(answers.at(-1)) && answers.length === 6, JSON.stringify(answers));
    }
    assert.match((await talk([Buffer.from(`EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<${to}>\r\nDATA\r\nSubject: early\r\n\r\n.\r\n`), null, null, null, null])).join(''), /554 5\.5\.0/);
    assert.match((await talk(['EHLO a', 'MAIL FROM:<> SIZE=10000000'])).at(-1), /^552 /);
    assert.match((await talk([...head, Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(10500) + '.\r\n')])).at(-1), /^552 /);
    assert.match((await talk([...head, Buffer.concat([Buffer.alloc(10 << 20, 'x'), Buffer.from('\r\n.\r\n')])])).at(-1), /^552 /);
    // Those who say nothing hold nobody up.
    const silent = Array.from({ length: 5 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
    assert.match(await deliver(to, report('MAILER-DAEMON@mx', 'Delayed', group(p.email, 'delayed', '4.4.1', 'later'))), /^250 /);
    for (const s of silent) s.destroy();
    assert.deepEqual((await find(p)).counts, {});
    // Commands may come in one go (RFC 2920), and several messages over one connection.
    const go = Buffer.from(`MAIL FROM:<>\r\nRCPT TO:<${to}>\r\nDATA\r\n`), text = Buffer.from('Subject: x\r\n\r\nx\r\n.\r\n');
    const many = await talk(['EHLO a', go, null, null, text, go, null, null, text, 'QUIT']);
    assert.deepEqual(many.map((a) => a.slice(0, 3)), ['220', '250', '250', '250', '354', '250', '250', '250', '354', '250', '221']);
  });

  test('the commands of docs/bounces.md run', async () => {
    const text = fs.readFileSync(path.join(root, 'docs/bounces.md'), 'utf8'), section = text.slice(text.indexOf('## Who gets nothing more'));
    const lines = section.slice(0, section.indexOf('## When sending pauses')).split('\n').filter((l) => /^(echo \S+ \| )?sejf /.test(l));
    assert.ok(lines.length >= 3, section.slice(0, 2000));
    const made = await sejf.runAsync(['user', 'invite', 'events', '--tenant', String(tenant), '--role', 'organiser', '--email', 'jan@seats.example', '--name', 'Jan', '--json']);
    assert.equal(made.status, 0, made.stderr);
    for (const line of lines) {
      const [, typed, command] = /^(?:echo (\S+) \| )?sejf (.*)$/.exec(line);
      const words = command.match(/"[^"]*"|\S+/g).map((w) => w.replaceAll('"', '')), at = words.indexOf('--tenant') + 1;
      words[at] = String(tenant);
      const r = await sejf.runAsync(words, { input: typed ? `${typed}\n` : '' });
      assert.equal(r.status, 0, `${line}: ${r.stderr}`);
      if (words[1] === 'put') assert.deepEqual((await find({ email: typed })).counts, { 'by hand': 1 });
      if (words[1] === 'lift') assert.deepEqual((await find({ email: typed })).counts, {});
    }
    const shares = await sejf.runAsync(['send', 'shares', '--tenant', String(tenant)]);
    assert.match(shares.stdout, /^email +\d+ sent in 7 days, \d+ bounced, 1 complained$/m);
    const resume = await sejf.runAsync(['send', 'resume', '--tenant', String(tenant), '--by', 'jan@seats.example']);
    assert.ok(resume.status !== 0 && /does not pause/.test(resume.stderr), resume.stderr);
    const doctor = await sejf.runAsync(['doctor']);
    assert.match(doctor.stdout, /bounces +what comes back to addresses in bounces\.seats\.example is taken in at 127\.0\.0\.1/);
  });

  test('what somebody said itself is lifted by a named person who says why', async () => {
    const boss = new Visitor(sejf), p = await register('left'), letter = await letterTo(p);
    await boss.accept(invited(sejf, ['user', 'invite', 'events', '--tenant', String(tenant), '--role', 'organiser', '--lang', 'pl'], 'danuta@seats.example').link, { name: 'Danuta Próba' });
    const url = /^List-Unsubscribe: <https:\/\/[^/]+(\/u\/events\/[\w-]+)>/m.exec(letter.raw.toString('latin1').replace(/\r\n[ \t]/g, ' '))[1];
    assert.equal((await sejf.call('POST', url, { body: 'x=1', type: 'application/x-www-form-urlencoded' })).status, 200);
    const lift = (body) => boss.call('POST', '/v1/events/suppressions/lift', { tenant, body: { record: `registration/${p.id}`, ...body } });
    assert.equal((await lift({})).json.lifted, 0);                          // never along with something else
    assert.equal((await lift({ reason: 'unsubscribed' })).status, 422);
    assert.equal((await lift({ reason: 'unsubscribed', why: 'pressed by mistake, as she said at the desk' })).json.lifted, 1);
    assert.equal((await send(p)).status, 202);
  });

  test('above the share of bounces sending pauses, its people get a letter, and what is late pauses nothing again', { timeout: 180000 }, async () => {
    const shares = async () => (await sejf.call('GET', '/v1/events/sending', { token: organiser })).json.channels[0];
    const crowd = [], late = await letterTo(await register('late'));
    for (let i = 0; i < 34; i++) crowd.push(await register(`crowd${i}`));
    const { sent } = await shares(), messages = crowd.flatMap((p) => [1, 2, 3].map(() => ({ kind: 'registration', id: p.id, subject: 'News', text: 'Good day.\n' })));
    const batch = await sejf.call('POST', '/v1/events/messages/batch', { token: organiser, body: { messages } });
    assert.ok(batch.json.items.every((i) => i.status === 202), batch.text.slice(0, 500));
    await until('all of them to be sent', async () => (await shares()).sent >= sent + messages.length, 60000, 200);
    const bounce = async (letter) => assert.match(await deliver(letter.from, forms.postfix({ email: letter.to[0] })), /^250 /);
    for (let i = 0; !(await shares()).paused; i++) {
      assert.ok(i < crowd.length, 'it never paused');
      await bounce(await until('a letter', () => sink.letters.find((l) => l.to[0] === crowd[i].email), 60000, 100));
    }
    const { bounced, sent: all } = await shares();
    assert.ok(bounced / all > 0.05 && all >= 100, `${bounced} of ${all}`);
    assert.equal((await send(crowd.at(-1))).json.gate, 'paused');
    await sejf.stop();                                                         // it looks at once when it starts
    await sejf.start();
    const letter = await until('the letter about it', () => sink.letters.find((l) => l.to[0] === 'danuta@seats.example' && /wysyłka wstrzymana/.test(l.read().subject)), 60000, 200);
    assert.match(letter.read().text, new RegExp(`: w ciągu 7 dni wysłano ${all}, z tego wróciło ${bounced} \\(\\d+\\.\\d+ %\\), a poskarżyło się osób: 1 \\(`));
    const resume = await sejf.runAsync(['send', 'resume', '--tenant', String(tenant), '--by', 'danuta@seats.example']);
    assert.equal(resume.status, 0, resume.stderr);
    await bounce(late);
    const after = await shares();
    assert.ok(!after.paused && after.bounced === 0 && after.sent === 0, JSON.stringify(after));
  });

  test('no address stands in a log, a list or the data', async () => {
    for (const p of people) assert.ok(!sejf.output.includes(p.email), p.email);
    const letters = await sejf.call('GET', `/v1/tenants/${tenant}/letters?limit=1000`, { token: organiser });
    assert.ok(letters.json.items.some((l) => l.state === 'bounced'), letters.text.slice(0, 500));
    for (const p of people) assert.ok(!letters.text.includes(p.email), p.email);
    const sent = await sejf.call('GET', '/v1/events/messages?limit=1000', { token: organiser });
    const bounced = sent.json.items.filter((m) => m.state === 'bounced');
    assert.ok(bounced.length >= people.filter((p) => p.email.startsWith('dead.')).length, sent.text.slice(0, 500));
    for (const m of bounced) assert.match(m.said, /^([245]\.\d+\.\d+ )?as a report of delivery says$/);
    for (const p of people) assert.ok(!sent.text.includes(p.email.split('@')[0]), p.email);
    for (const p of people.slice(0, 3)) assert.deepEqual(grep(sejf.data, p.email), []);
    assert.ok(fs.existsSync(sejf.data));
  });
});

// The states of the record, which the mail charter names.
test('who is unsubscribed by its private link or by a letter gets nothing, and comes back by its own hand', { timeout: 120000 }, async () => {
  const posted = await Sink.start(), mail = await new Instance({ charters: ['mail'] }).init();
  try {
    posted.install(mail);
    await mail.start();
    const customer = mail.tenant('mail'), token = mail.token('mail', customer, 'customer');
    const api = async (status, method, target, body, more = {}) => { const r = await mail.call(method, `/v1/mail/${target}`, { token, body, ...more }); assert.equal(r.status, status, r.text); return r.json; };
    await api(201, 'POST', 'sending_account', { fields: { title: 'News', pool: 'shared', state: 'active' } });
    const list = await api(201, 'POST', 'list', { fields: { title: 'News', purpose: 'news' } });
    await api(200, 'POST', 'subscription/import', `${JSON.stringify({ list: list.id, email: 'ola@people.example', name: 'Ola', state: 'subscribed', consents: { newsletter: true } })}\n`, { type: 'application/x-ndjson' });
    const [{ id }] = (await api(200, 'GET', 'subscription')).items;
    await api(200, 'PUT', 'templates/news', { en: { subject: 'News', text: 'Good day.\n\n{{link}}\n' }, kind: 'subscription' });
    const letter = async () => { const n = posted.letters.length; await api(202, 'POST', 'messages', { kind: 'subscription', id, template: 'news' }); return until('a letter', () => posted.letters[n], 60000, 100); };
    const refused = async (gate) => assert.equal((await api(403, 'POST', 'messages', { kind: 'subscription', id, template: 'news' })).gate, gate);
    const state = async () => (await api(200, 'GET', `subscription/${id}`)).fields.state;
    const first = await letter(), link = /https:\/\/[^/]+(\/p\/mail\/[^?\s]+)/.exec(first.read().text)[1];
    const click = /^List-Unsubscribe: <https:\/\/[^/]+(\/u\/mail\/[\w-]+)>/m.exec(first.raw.toString('latin1').replace(/\r\n[ \t]/g, ' '))[1];
    const value = (html, name) => new RegExp(`name="${name.replace(/\./g, '\\.')}" value="([^"]*)"`).exec(html)?.[1];
    let cookie = '';
    const move = async (to) => {
      const page = await mail.call('GET', `${link}?lang=en`, { headers: { cookie } });
      cookie = (page.headers['set-cookie'] || []).map((c) => c.split(';')[0]).join('; ') || cookie;
      const body = new URLSearchParams({ '.do': 'move', '.token': value(page.text, '.token'), '.version': value(page.text, '.version') ?? '', '.to': to }).toString();
      const r = await mail.call('POST', `${link}?lang=en`, { body, type: 'application/x-www-form-urlencoded', headers: { cookie } });
      assert.equal(r.status, 303, r.text);
    };
    await move('unsubscribed');
    await refused('charter');
    await move('subscribed');
    await letter();
    for (let again = 0; again < 2; again++) {                                  // by a letter, and the same once more
      assert.equal((await mail.call('POST', click, { body: 'List-Unsubscribe=One-Click', type: 'application/x-www-form-urlencoded' })).status, 200);
      assert.equal(await state(), 'unsubscribed');
      await refused('charter');
      await move('subscribed');
      if (again === 0) await letter();
    }
    // It fills in the form once more: the page says the same as to anybody, and a letter leads to the private link.
    assert.equal((await mail.call('POST', click, { body: 'x=1', type: 'application/x-www-form-urlencoded' })).status, 200);
    const form = `/f/mail/subscribe/${list.id}?lang=en`, before = posted.letters.length, page = await mail.call('GET', form);
    const jar = (page.headers['set-cookie'] || []).map((c) => c.split(';')[0]).join('; ');
    const fill = (html) => mail.call('POST', form, { body: new URLSearchParams({ email: 'ola@people.example', name: 'Ola', '.consent.newsletter': 'yes', '.token': value(html, '.token') }).toString(), type: 'application/x-www-form-urlencoded', headers: { cookie: jar } });
    let sent = await fill(page.text);
    if (sent.status === 422) sent = await fill(sent.text);                     // faster than a person
    assert.equal(sent.status, 200, sent.text);
    const again = /https:\/\/[^/]+(\/p\/mail\/[^?\s]+)/.exec((await until('the letter', () => posted.letters[before], 60000, 100)).read().text)[1];
    assert.match((await mail.call('GET', `${again}?lang=en`)).text, /value="subscribed"/);
    await refused('charter');                                                  // until the person says so there
    // The record alone is not the list: while the person says nothing itself, leaving holds.
    assert.equal((await mail.call('POST', click, { body: 'x=1', type: 'application/x-www-form-urlencoded' })).status, 200);
    assert.equal((await mail.call('POST', click, { body: 'do=back', type: 'application/x-www-form-urlencoded' })).status, 200);
    assert.equal(await state(), 'subscribed');
  } finally {
    await mail.remove();
    await posted.stop();
  }
});
