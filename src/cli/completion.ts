import { oneOf } from './options.js';

const shells = ['bash', 'zsh', 'fish'] as const;

interface Word {
  path: readonly string[];
  options: object;
}

/** A script that teaches a shell the words and options of `iozen`: `source <(iozen completion bash)`. */
export function completion(shell: string, commands: readonly Word[]): string {
  const words = [...new Set(commands.map(({ path: [first = ''] }) => first)), 'help'];
  const groups = [...Map.groupBy(commands, ({ path: [first = ''] }) => first)].filter(
    ([, [command]]) => (command?.path.length ?? 0) > 1,
  );
  return scripts[oneOf('SHELL', shell, shells)]({ commands, words, groups });
}

interface Vocabulary {
  commands: readonly Word[];
  words: readonly string[];
  groups: readonly [word: string, of: readonly Word[]][];
}

const optionsOf = (options: object) => [...Object.keys(options), 'json', 'help'].map((name) => `--${name}`);

/** What may follow what was typed so far, as `case` lines of a POSIX shell. */
const cases = ({ commands, words, groups }: Vocabulary) =>
  [
    `    completion) words="${shells.join(' ')}" ;;`,
    ...commands.map(({ path, options }) => `    "${path.join(' ')}"*) words="${optionsOf(options).join(' ')}" ;;`),
    ...groups.map(([word, of]) => `    "${word}") words="${of.map(({ path }) => path[1]).join(' ')}" ;;`),
    `    "") words="${words.join(' ')}" ;;`,
  ].join('\n');

const scripts: Readonly<Record<(typeof shells)[number], (vocabulary: Vocabulary) => string>> = {
  bash: (vocabulary) => `_iozen() {
  local words="" typed="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  case "$typed" in
${cases(vocabulary)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _iozen iozen
`,
  zsh: (vocabulary) => `#compdef iozen
_iozen() {
  local words="" typed="\${(j: :)\${(@)\${(@s: :)BUFFER}[2,CURRENT-1]}}"
  case "$typed" in
${cases(vocabulary)}
  esac
  if [[ -n "$words" ]]; then compadd -- \${=words}; else _files; fi
}
compdef _iozen iozen
`,
  fish: ({ commands, words, groups }) =>
    [
      'complete -c iozen -f',
      ...words.map((word) => `complete -c iozen -n __fish_use_subcommand -a ${word}`),
      `complete -c iozen -n "__fish_seen_subcommand_from completion" -a "${shells.join(' ')}"`,
      ...groups.map(
        ([word, of]) =>
          `complete -c iozen -n "__fish_seen_subcommand_from ${word}" -a "${of.map(({ path }) => path[1]).join(' ')}"`,
      ),
      ...commands.flatMap(({ path, options }) =>
        Object.keys(options).map(
          (name) => `complete -c iozen -n "__fish_seen_subcommand_from ${path.at(-1)}" -l ${name} -r`,
        ),
      ),
      '',
    ].join('\n'),
};
