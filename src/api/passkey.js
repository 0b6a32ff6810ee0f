// passkey.js — the one script of these pages: passkeys, which no page can use without, and the switch that shows a password.
// Loads nothing, keeps nothing, makes no markup; it talks to /v1/account of the site that it came from.
'use strict';
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const list = (credentials) => (credentials || []).map((c) => ({ ...c, id: bytes(c.id) }));

  // What the server asks for, as the browser takes it: by the browser's own reading where it has one.
  function creation(asked) {
    if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(asked);
    return { ...asked, challenge: bytes(asked.challenge), user: { ...asked.user, id: bytes(asked.user.id) }, excludeCredentials: list(asked.excludeCredentials) };
  }
  function request(asked) {
    if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(asked);
    return { ...asked, challenge: bytes(asked.challenge), allowCredentials: list(asked.allowCredentials) };
  }

  async function call(path, csrf, body) {
    const headers = { 'Content-Type': 'application/json' };
    if (csrf) headers['Sejf-Csrf'] = csrf;
    const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), credentials: 'same-origin', redirect: 'error' });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error('refused'), { status: answer.status, code: said.code });
    return said;
  }

  async function get(csrf) {
    const asked = await call('/v1/account/passkey/begin', csrf, {});
    const made = await navigator.credentials.get({ publicKey: request(asked) });
    const r = made.response;
    await call('/v1/account/passkey', csrf, {
      id: text(made.rawId), clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature),
      userHandle: r.userHandle ? text(r.userHandle) : null,
    });
  }
  async function create(csrf, name) {
    const asked = await call('/v1/account/passkeys/begin', csrf, {});
    const made = await navigator.credentials.create({ publicKey: creation(asked) });
    const said = await call('/v1/account/passkeys', csrf, { name, clientDataJSON: text(made.response.clientDataJSON), authenticatorData: text(made.response.getAuthenticatorData()) });
    // A session that waits for a second step is asked for it by the new passkey at once; who says no is asked by the next page.
    if (said.step === 'second') await get(said.csrf).catch(() => {});
  }

  function begin(box) {
    const button = box.querySelector('button'), said = box.querySelector('[role=alert]'), name = box.querySelector('input'), word = box.dataset;
    box.hidden = false;
    button.addEventListener('click', async () => {
      button.disabled = true;
      said.textContent = '';
      try {
        if (word.passkey === 'create') await create(word.csrf, (name.value.trim() || navigator.platform || 'passkey').slice(0, 60));
        else await get(word.csrf);
        location.assign(word.next);
        return;
      } catch (e) {
        const confirm = e.code === 23;                       // signed in too long ago: confirm first, then once more
        if (confirm) { location.assign('/account/confirm?to=passkeys&' + word.next.slice(word.next.indexOf('lang='))); return; }
        said.textContent = e.name === 'NotAllowedError' || e.name === 'AbortError' ? word.cancelled
          : e.name === 'InvalidStateError' ? word.there : [401, 403, 409, 422].includes(e.status) ? word.failed : word.trouble;
      }
      button.disabled = false;
    });
  }

  if (window.PublicKeyCredential && navigator.credentials) document.querySelectorAll('[data-passkey]').forEach(begin);
  document.querySelectorAll('[data-show]').forEach((button) => {
    const input = document.getElementById(button.dataset.show);
    button.hidden = false;
    button.addEventListener('click', () => {
      const shown = input.type === 'password';
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', String(shown));
    });
    if (input.form) input.form.addEventListener('submit', () => { input.type = 'password'; button.setAttribute('aria-pressed', 'false'); });
  });
})();
