// 40-show: bench/show on a few people: a campaign with unsubscribes, bounces and complaints arriving, then a second one; what the sink got, what is
// counted and what stands anywhere agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { show } from '../../bench/show.mjs';

test('a campaign to 2,000 people, of whom some leave, bounce and complain', { timeout: 300000 }, async () => {
  const figures = await show({ people: 2000 });
  assert.deepEqual([figures.left, figures.bounced, figures.complained], [40, 20, 1]);
  assert.ok(figures.memory_most.server > 0 && figures.memory_most.mailer > 0 && figures.memory_most.keeper > 0, JSON.stringify(figures));
});
