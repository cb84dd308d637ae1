import { expect, it } from 'vitest';
import { agentMarker, markerPrefix, markerScope } from './processes.ts';

it('a project that is there twice under one id has markers that do not find the other’s processes', () => {
  const [here, there] = [
    { id: 'p1', marker: 'p1.aaaa' },
    { id: 'p1', marker: 'p1.bbbb' },
  ] as const;
  const marker = agentMarker(markerScope(here), 'ada', 'o1');
  expect(marker.startsWith(markerPrefix(markerScope(here)))).toBe(true);
  expect(marker.startsWith(markerPrefix(markerScope(there)))).toBe(false);
  expect(marker.startsWith(markerPrefix(markerScope({ id: 'p1' })))).toBe(false);
});
