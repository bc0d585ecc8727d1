// The breakers: how each stands, why, when it tries again, and what it may be ordered.

import { byId, chip, el, keep, moment, say, span } from './dom.js';
import { choice, prepare } from './dialog.js';
import { order } from './link.js';

const MOODS = { CLOSED: 'good', OPEN: 'bad', HALF_OPEN: 'warn', FORCED_OPEN: 'bad', FORCED_CLOSED: 'warn', DISABLED: 'warn', METRICS_ONLY: 'warn' };
const COMMANDS = [
  ['FORCE_OPEN', 'Force open: refuse all until ordered otherwise'],
  ['FORCE_CLOSED', 'Force closed: let all through, whatever happens'],
  ['DISABLED', 'Disable: let all through and judge nothing'],
  ['METRICS_ONLY', 'Metrics only: let all through and count'],
  ['RESET', 'Reset: close it and begin anew'],
];

let seen = [];
let seenAt = 0;

export function show({ breakers }) {
  seen = breakers;
  seenAt = performance.now();
  keep(byId('breakers'), breakers, ({ name }) => name, make, (row, { state, since, reason }) => {
    chip(row.querySelector('.chip'), state ? state.replaceAll('_', ' ') : 'NO ANSWER', MOODS[state] ?? 'bad');
    const words = row.querySelector('.why');
    const key = `${since} ${reason}`;
    if (words.dataset.shown === key) return;
    words.dataset.shown = key;
    words.replaceChildren(reason ?? 'has not changed yet', ...(since && reason ? [' · since ', moment(since)] : []));
  });
  tick();
}

/// The time to the next try goes on between two pictures.
export function tick() {
  for (const { name, retryInMs } of seen) {
    const row = [...byId('breakers').children].find((child) => child.dataset.key === name);
    const left = retryInMs == null ? null : Math.max(0, retryInMs - (performance.now() - seenAt));
    say(row.querySelector('.next'), left == null ? '' : left > 0 ? `next try in ${span(Math.ceil(left / 1000))}` : 'tries now');
  }
}

function make({ name }) {
  const operate = () =>
    prepare({
      title: `Breaker ${name}`,
      effect: 'In effect at once, on this instance, until it is ordered otherwise or the process is restarted.',
      verb: 'Give the order',
      grave: true,
      fields: [choice('Order', 'state', COMMANDS)],
      send: async (motive, form) => {
        const answer = await order(`admin/breakers/${encodeURIComponent(name)}`, { state: form.get('state'), ...motive });
        return answer.warning;
      },
    });
  return el('li', {}, el('strong', {}, name), el('span', { class: 'chip' }),
    el('span', { class: 'why' }), el('span', { class: 'next' }),
    el('button', { type: 'button', 'aria-label': `Order breaker ${name}`, onclick: operate }, 'Order…'));
}
