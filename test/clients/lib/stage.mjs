// What the browser tests stand on: a server behind a proxy, and Chromium.
import { Browser } from './browser.mjs';
import { Parley } from './parley.mjs';
import { Proxy } from './proxy.mjs';

/** A server started with flags, a proxy in front of it, and Chromium. Give clear to afterEach() and stop to after(). */
export async function stage(...flags) {
  const scene = new Stage();
  try {
    scene.proxy = await Proxy.start();
    scene.parley = await Parley.dev('--public-url', scene.proxy.address, ...flags);
    scene.proxy.to(scene.parley.address);
    scene.browser = await Browser.start();
  } catch (error) {
    await scene.stop();
    throw error;
  }
  return scene;
}

class Stage {
  /** Opens a page whose ChatJS calls the proxy. */
  page(options) {
    return this.browser.page(this.proxy.address, options);
  }

  /** Makes ready for the next test: no pages, no faults, nothing written down. */
  async clear() {
    await this.browser.clear();
    await this.parley.faults();
    this.proxy.clear();
  }

  async stop() {
    await this.browser?.stop();
    await this.parley?.stop();
    await this.proxy?.stop();
  }
}
