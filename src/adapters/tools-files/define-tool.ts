import { z } from 'zod';
import type { StepEffect } from '../../agent/step.ts';
import type { Tool, ToolContext, ToolResult } from '../../agent/tool.ts';
import { toolError } from '../../agent/tool.ts';
import { PathRefused } from './project-path.ts';

/** A tool whose input is checked before it runs, and whose refusals become results. */
export function defineTool<Schema extends z.ZodObject>(definition: {
  readonly name: string;
  readonly description: string;
  readonly input: Schema;
  readonly effect: StepEffect;
  readonly describe: (input: z.infer<Schema>) => string;
  readonly run: (input: z.infer<Schema>, context: ToolContext) => Promise<ToolResult>;
}): Tool {
  const { name, description, input, effect } = definition;
  return {
    spec: { name, description, inputSchema: schemaOf(input) },
    effect,
    describe(raw) {
      const parsed = input.safeParse(raw);
      return parsed.success ? definition.describe(parsed.data) : 'with an input that does not fit';
    },
    async run(raw, context) {
      context.signal.throwIfAborted();
      const parsed = input.safeParse(raw);
      if (!parsed.success) return toolError(`The input does not fit: ${z.prettifyError(parsed.error)}`);
      try {
        return await definition.run(parsed.data, context);
      } catch (error) {
        if (error instanceof PathRefused) return toolError(error.message);
        throw error;
      }
    },
  };
}

/** Providers want the bare schema, without the name of its dialect. */
function schemaOf(schema: z.ZodObject): Readonly<Record<string, unknown>> {
  const { $schema: _, ...bare } = z.toJSONSchema(schema, { io: 'input' });
  return bare;
}
