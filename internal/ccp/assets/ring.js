// The ring: while a contact rings in this frame, if it is the master of its browser, and the page around it has not
// switched it off.

const topic = 'connect::ringtone';

export class Ring {
  #settings = {};
  #desk;
  #masters;
  #silence = () => {};
  #ringing = false;
  #title = document.title;

  /** @param {import('./desk.js').Desk} desk @param {import('./masters.js').Masters} masters */
  constructor(desk, masters) {
    this.#desk = desk;
    this.#masters = masters;
    masters.ask('checkMaster', topic, ''); // so that it is known when something rings
    desk.on('view', () => this.#look());
  }

  /** Takes the settings of configure: {chat: {disableRingtone, ringtoneUrl}}. */
  configure(settings) {
    this.#settings = settings.chat ?? {};
    this.#look();
  }

  async #look() {
    const rings = Boolean(this.#desk.snapshot?.Contacts.some((c) => c.State === 'CONNECTING'));
    document.title = rings ? `A chat rings – ${this.#title}` : this.#title;
    const wanted = rings && !this.#settings.disableRingtone;
    if (wanted === this.#ringing) return;
    this.#ringing = wanted;
    if (!wanted) return this.stop();
    const { isMaster } = await this.#masters.ask('checkMaster', topic, '');
    if (isMaster && this.#ringing) this.#start();
  }

  #start() {
    if (this.#settings.ringtoneUrl) {
      const audio = new Audio(this.#settings.ringtoneUrl);
      audio.loop = true;
      audio.play().catch(() => {}); // a browser plays nothing before the agent has clicked somewhere; the title says it too
      this.#silence = () => audio.pause();
      return;
    }
    const sound = new AudioContext();
    const beep = () => {
      for (const [delay, pitch] of [[0, 660], [0.18, 880]]) {
        const at = sound.currentTime + delay;
        const note = sound.createOscillator();
        const volume = sound.createGain();
        note.frequency.value = pitch;
        volume.gain.setValueAtTime(0.12, at);
        volume.gain.exponentialRampToValueAtTime(0.001, at + 0.16);
        note.connect(volume).connect(sound.destination);
        note.start(at);
        note.stop(at + 0.17);
      }
    };
    beep();
    const again = setInterval(beep, 2_000);
    this.#silence = () => {
      clearInterval(again);
      sound.close();
    };
  }

  stop() {
    this.#ringing = false;
    document.title = this.#title;
    this.#silence();
    this.#silence = () => {};
  }
}
