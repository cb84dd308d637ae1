import { memoryStores, sqliteStores } from './store-makers.ts';
import { describeStore } from './store.ts';

describeStore(memoryStores);
describeStore(sqliteStores);
