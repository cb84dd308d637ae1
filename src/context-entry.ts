// The package's entry `codeframe/context`: the policy alone, without the rest of the program.
export { KnownTexts } from './context/known-texts.ts';
export { planFlashSave } from './context/plan-flash-save.ts';
export type { FlashSaveOptions, FlashSavePlan } from './context/plan-flash-save.ts';
export type { ArchivedPiece } from './context/write-prompt.ts';
export type { FlashItem } from './context/flash-item.ts';
