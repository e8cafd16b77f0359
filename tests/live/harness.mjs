// What the scripts of this folder share: how the tests that start them tell them what to do.

import { createInterface } from 'node:readline';

// Standard output is for answers alone; packages write their notices there too.
console.log = console.info = console.error;

export const settings = JSON.parse(process.env.SETTINGS ?? '{}');

function answer(value) {
  process.stdout.write(`${JSON.stringify(value ?? null)}\n`);
}

// Says that the script is ready, and from then on does what standard input says, a command a line.
export function answerCommands(ready, commands) {
  answer(ready);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (name) => answer(commands[name]()));
  // Standard input ends with the process that started this one, however that ended.
  lines.on('close', () => process.exit());
}

process.on('SIGTERM', () => process.exit());
