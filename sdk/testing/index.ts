export { CannotTravelError } from './deep-copy.js';
export { startTestApp, type TestApp, type TestAppOptions } from './test-app.js';
