// Shared by the scripts of this folder: how they receive commands from the tests that start them.

import { createInterface } from 'node:readline';

// Standard output is for answers alone; packages write their notices there too.
console.log = console.info = console.error;

export const settings = JSON.parse(process.env.SETTINGS ?? '{}');

function answer(value) {
  process.stdout.write(`${JSON.stringify(value ?? null)}\n`);
}

// Reports that the script is ready, and then runs the commands from standard input, one a line: its
// name, and an argument in JSON if it has one. The next one comes after the answer.
export function answerCommands(ready, commands) {
  answer(ready);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const [, name, argument] = /^(\S+) ?(.*)$/.exec(line);
    answer(await commands[name](argument && JSON.parse(argument)));
  });
  // Standard input ends with the process that started this one, however that ended.
  lines.on('close', () => process.exit());
}

process.on('SIGTERM', () => process.exit());
