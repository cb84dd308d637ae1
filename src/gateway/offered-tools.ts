import type { WireProtocol } from './gateway.ts';
import { field, isObject, list, text, word, type Json } from './json.ts';

/** A tool as a call offers it to the model. */
export interface OfferedTool {
  readonly name: string;
  /** JSON Schema of its input. */
  readonly schema: Json;
}

/** The tools that a call offers; those that the provider runs itself are left out. */
export function offeredTools(protocol: WireProtocol, body: Json): readonly OfferedTool[] {
  const tools = list(field(body, 'tools'));
  if (protocol === 'gemini') {
    const declared = tools.flatMap((tool) =>
      list(field(tool, 'functionDeclarations') ?? field(tool, 'function_declarations')),
    );
    return declared.map((tool) => ({
      name: word(field(tool, 'name')),
      schema: field(tool, 'parametersJsonSchema') ?? field(tool, 'parameters'),
    }));
  }
  return tools.flatMap((tool) => {
    const told = field(tool, 'function') ?? tool;
    const name = text(field(told, 'name'));
    const schema = field(told, 'parameters') ?? field(told, 'input_schema');
    return name === null || !isObject(schema) ? [] : [{ name, schema }];
  });
}

/** How agents call the tool that runs a command line, the likeliest first. */
const shellNames = [
  'bash',
  'exec_command',
  'shell_command',
  'shell',
  'run_shell_command',
  'execute_command',
  'run_terminal_cmd',
  'run_command',
  'execute_bash',
  'run_commands',
];

/** The call that runs a command line with one of these tools; null when none of them does. */
export function shellCall(
  tools: readonly OfferedTool[],
  line: string,
): { readonly tool: string; readonly input: object } | null {
  for (const name of shellNames) {
    const tool = tools.find((one) => one.name.toLowerCase() === name);
    const key = tool === undefined ? undefined : commandKey(tool.schema);
    if (tool !== undefined && key !== undefined)
      return { tool: tool.name, input: inputFor(tool.schema, key, line) };
  }
  return null;
}

function commandKey(schema: Json): string | undefined {
  return ['command', 'cmd', 'commands', 'script'].find(
    (key) => field(field(schema, 'properties'), key) !== undefined,
  );
}

/** What else the tool requires gets a value that means nothing. */
function inputFor(schema: Json, key: string, line: string): object {
  const properties = field(schema, 'properties');
  const required = list(field(schema, 'required')).map(word);
  const others = required
    .filter((name) => name !== key)
    .map((name) => [name, fillerFor(field(properties, name))]);
  const isList = typeOf(field(properties, key)) === 'array';
  const value = !isList ? line : key === 'commands' ? [line] : ['bash', '-lc', line];
  return { [key]: value, ...(Object.fromEntries(others) as object) };
}

function fillerFor(schema: Json): unknown {
  const [first] = list(field(schema, 'enum'));
  if (first !== undefined) return first;
  switch (typeOf(schema)) {
    case 'boolean':
      return false;
    case 'number':
    case 'integer':
      return 60;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return 'as recorded';
  }
}

function typeOf(schema: Json): string {
  return word(field(schema, 'type')).toLowerCase();
}
