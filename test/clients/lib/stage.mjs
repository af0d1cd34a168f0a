// What the browser tests stand on: a server behind a proxy, and Chromium.
import { Browser } from './browser.mjs';
import { Parley } from './parley.mjs';
import { Proxy } from './proxy.mjs';

/** Starts everything; give the result's stop to after(). */
export async function stage(...flags) {
  const proxy = await Proxy.start();
  const parley = await Parley.dev('--public-url', proxy.address, ...flags);
  proxy.to(parley.address);
  const browser = await Browser.start();
  return {
    proxy,
    parley,
    browser,
    page: (options) => browser.page(proxy.address, options),
    async stop() {
      await browser.stop();
      await parley.stop();
      await proxy.stop();
    },
  };
}
