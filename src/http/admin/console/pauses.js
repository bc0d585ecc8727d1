// Pauses of a destination or a client: nothing is sent to it, nothing is lost.

import { byId, el, keep, moment } from './dom.js';
import { choice, field, prepare } from './dialog.js';
import { order } from './link.js';

const EFFECT = 'New orders are accepted and queued. Nothing is sent until somebody resumes it, also after a restart. All instances follow.';
const names = { destination: 'Destination', client: 'Client' };

export function show({ pauses }) {
  keep(byId('pauses'), pauses ?? [], ({ kind, name }) => `${kind} ${name}`, make);
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
