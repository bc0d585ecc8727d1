// Orders to the house. Each is written down with a reason before it is sent: none goes by one click.

import { byId, el, say } from './dom.js';
import { onLocked } from './link.js';

const OPERATOR = 'weir.operator';
const shown = byId('order');
let doIt = async () => {};
/// Counts what was opened: an answer that comes late belongs to none of those after it.
let opened = 0;

/// Opens the dialog. `send(motive, fields)` gives the order; the dialog closes when that is done.
/// It may answer with a word of warning, which then stays to be read. Answers with which one it is.
export function prepare({ title, effect, verb, grave = false, fields = [], send }) {
  opened += 1;
  say(byId('order-title'), title);
  say(byId('order-effect'), effect);
  byId('order-fields').replaceChildren(...fields);
  byId('order-reason').value = '';
  byId('order-operator').value = sessionStorage.getItem(OPERATOR) ?? '';
  const button = byId('order-do');
  say(button, verb);
  button.className = grave ? 'main grave' : 'main';
  button.disabled = false;
  say(byId('order-cancel'), 'Cancel');
  say(byId('order-problem'), '');
  doIt = async () => {
    const operator = byId('order-operator').value.trim();
    sessionStorage.setItem(OPERATOR, operator);
    const motive = { reason: byId('order-reason').value.trim(), ...(operator && { operator }) };
    return send(motive, new FormData(shown.querySelector('form')));
  };
  shown.showModal();
  (fields.length > 0 ? shown.querySelector('#order-fields :is(input, select)') : byId('order-reason'))?.focus();
  return opened;
}

/// Changes what that dialog says, once more is known.
export function tell(which, effect, isPossible = true) {
  if (which !== opened) return;
  say(byId('order-effect'), effect);
  byId('order-do').disabled = !isPossible;
}

export const choice = (label, name, options) =>
  el('label', {}, label, el('select', { name }, ...options.map(([value, words]) => el('option', { value }, words))));

export const field = (label, attributes) => el('label', {}, label, el('input', { autocomplete: 'off', ...attributes }));

export const tick = (label, name, attributes = {}) =>
  el('label', { class: 'tick' }, el('input', { type: 'checkbox', name, ...attributes }), label);

shown.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const which = opened;
  const button = byId('order-do');
  button.disabled = true;
  say(byId('order-problem'), '');
  try {
    const warning = await doIt();
    if (which !== opened) return;
    if (!warning) return shown.close();
    say(byId('order-problem'), warning);
    say(byId('order-cancel'), 'Close');
  } catch (error) {
    if (which !== opened) return;
    say(byId('order-problem'), error.status ? `${error.message} (${error.code || error.status})` : 'The service does not answer: it is not known whether this took effect');
    button.disabled = false;
  }
});
byId('order-cancel').addEventListener('click', () => shown.close());

const entry = byId('entry');
let answer = () => {};

onLocked((wasWrong) => {
  say(byId('entry-why'), wasWrong ? 'This token is not the right one, or not any more.' : 'The service asks for the admin token. It is kept until this tab is closed.');
  byId('entry-token').value = '';
  if (!entry.open) entry.showModal();
  return new Promise((resolve) => (answer = resolve));
});

entry.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  answer(byId('entry-token').value.trim());
  entry.close();
});
byId('entry-cancel').addEventListener('click', () => entry.close());
entry.addEventListener('close', () => answer(null));
