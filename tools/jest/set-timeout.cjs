/* global jest */
// jest reads `testTimeout` from the whole run's configuration only, and our kinds of test need different ones.
jest.setTimeout(globalThis.TEST_TIMEOUT_MS);
