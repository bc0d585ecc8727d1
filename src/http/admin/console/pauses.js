// Pauses of a destination or a client: nothing is sent to it, nothing is lost.

import { byId, el, keep, moment } from './dom.js';
import { choice, field, prepare } from './dialog.js';
import { askIfThere, order } from './link.js';

const EFFECT = 'New orders are accepted and queued. Nothing is sent until somebody resumes it, also after a restart. All instances follow.';
const names = { destination: 'Destination', client: 'Client' };

/// Other instances may have heard the order too.
const LOOK_EVERY = 15_000;

async function look() {
  const page = await askIfThere('admin/pauses').catch(() => undefined);
  if (page === undefined) return;
  byId('pause').hidden = page === null;
  keep(byId('pauses'), page?.items ?? [], ({ kind, name }) => `${kind} ${name}`, make);
}

/// From the first picture on.
export function begin() {
  look();
  setInterval(look, LOOK_EVERY);
  document.addEventListener('ordered', look);
}

function make({ kind, name, since, reason, operator }) {
  const resume = () =>
    prepare({
      title: `Resume ${kind} ${name}`,
      effect: 'What has waited is sent again.',
      verb: 'Resume',
      send: async (motive) => (await order('admin/pauses/resume', { kind, name, ...motive }))?.warning,
    });
  return el('li', {}, el('strong', {}, `${names[kind] ?? kind} ${name}`), el('span', { class: 'chip warn' }, 'PAUSED'),
    el('span', { class: 'why' }, `${reason} · ${operator} · since `, moment(since)), el('span'),
    el('button', { type: 'button', 'aria-label': `Resume ${kind} ${name}`, onclick: resume }, 'Resume…'));
}

export const prepareClientPause = (name) =>
  prepare({
    title: `Pause client ${name}`,
    effect: EFFECT,
    verb: 'Pause',
    grave: true,
    send: async (motive) => (await order('admin/pauses', { kind: 'client', name, ...motive }))?.warning,
  });

byId('pause').addEventListener('click', () =>
  prepare({
    title: 'Pause',
    effect: EFFECT,
    verb: 'Pause',
    grave: true,
    fields: [
      choice('What', 'kind', [['destination', 'A destination'], ['client', 'A client']]),
      field('Its name', { name: 'name', value: 'trade', required: true, spellcheck: 'false' }),
    ],
    send: async (motive, form) =>
      (await order('admin/pauses', { kind: form.get('kind'), name: form.get('name').trim(), ...motive }))?.warning,
  }));
