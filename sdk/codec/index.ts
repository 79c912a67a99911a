export { bindClass, boundClass, registerCompiledApp } from './compiled.js';
