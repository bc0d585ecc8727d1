// Looks up one thing by what people have at hand: the number of an order, the id of a batch or a
// letter, or the name of a client.

import { byId, el, say } from './dom.js';
import { describe } from './describe.js';
import { askIfThere } from './link.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const found = byId('found');
let opener = null;
let asked = 0;

const FINDERS = {
  order: (id) => askIfThere(`admin/orders/${encodeURIComponent(id)}`),
  batch: (id) => askIfThere(`admin/batches/${encodeURIComponent(id)}`),
  letter: (id) => askIfThere(`admin/letters/${encodeURIComponent(id)}`),
  client: (name) => askIfThere(`admin/batches?${new URLSearchParams({ client: name, limit: 20 })}`),
};

function kinds(words) {
  if (/^\d+$/.test(words)) return ['order'];
  return UUID.test(words) ? ['batch', 'letter'] : ['client'];
}

/// Shows the first of these kinds that has it.
async function lookUp(id, wanted) {
  opener = document.activeElement;
  asked += 1;
  const mine = asked;
  show(`Looking for ${id}…`, []);
  try {
    for (const kind of wanted) {
      const thing = await FINDERS[kind](id);
      if (mine !== asked) return;
      if (thing) return show(`${kind[0].toUpperCase()}${kind.slice(1)} ${id}`, kind === 'client' ? batches(thing) : describe(thing));
    }
    show(`Nothing is known of ${id}`, [el('p', {}, `No ${wanted.join(' and no ')} answers to this, or this service cannot look it up.`)]);
  } catch (error) {
    show(`${id} could not be looked up`, [el('p', { class: 'problem' }, error.status ? error.message : 'The service does not answer.')]);
  }
}

function batches({ items }) {
  if (items.length === 0) return [el('p', {}, 'No batch of this client is kept.')];
  const rows = items.map(({ id, ...rest }) => ({ batchId: id, ...rest }));
  return describe({ 'batches, the newest first': rows });
}

function show(title, parts) {
  say(byId('found-title'), title);
  byId('found-body').replaceChildren(...parts);
  found.hidden = false;
  found.focus({ preventScroll: true });
  found.scrollIntoView({ block: 'nearest' });
}

function close() {
  found.hidden = true;
  opener?.focus();
}

byId('search').addEventListener('submit', (event) => {
  event.preventDefault();
  const words = byId('wanted').value.trim();
  if (words) lookUp(words, kinds(words));
});

document.addEventListener('click', (event) => {
  const wanted = event.target.closest?.('[data-look-up]')?.dataset.lookUp;
  if (!wanted) return;
  const [kind, id] = wanted.split(' ');
  lookUp(id, [kind]);
});

byId('found-close').addEventListener('click', close);

document.addEventListener('keydown', (event) => {
  const isWriting = event.target.closest?.('input, select, textarea');
  const isAsked = document.querySelector('dialog[open]');
  if (event.key === '/' && !isWriting && !isAsked && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId('wanted').select();
    byId('wanted').focus();
  }
  if (event.key === 'Escape' && !isAsked && !found.hidden) close();
});
