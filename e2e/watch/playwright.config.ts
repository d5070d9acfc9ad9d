// The proof that `cargo leptos watch` works: the test of the page, and then changes that reach it.
// `cargo xtask ci` sets the variables, and gives it a copy of the workspace to watch and change.
import { defineConfig } from '@playwright/test';
import base from '../playwright.config';

export default defineConfig({
  use: base.use,
  forbidOnly: true,
  workers: 1,
  outputDir: '../test-results/watch',
  projects: [
    { name: 'page', testDir: '..', testIgnore: 'watch/**', grep: /@page/ },
    { name: 'watch', testDir: '.', dependencies: ['page'] },
  ],
  webServer: {
    command: 'cargo leptos watch',
    cwd: process.env.MONOXIDE_WATCH,
    url: process.env.MONOXIDE_URL,
    stdout: 'pipe',
    // It compiles everything first, and does not end when it cannot.
    timeout: 15 * 60_000,
    gracefulShutdown: { signal: 'SIGINT', timeout: 10_000 },
  },
});
