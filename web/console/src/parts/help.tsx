// The list of the keyboard shortcuts.
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import { t } from '../words';
import { shortcuts } from './keys';

export default function Keys({ close }: { close: () => void }) {
  return (
    <Modal visible header={t('keys.title')} closeAriaLabel={t('keys.close')} onDismiss={close} footer={<Button onClick={close}>{t('keys.close')}</Button>}>
      <dl className="keys">{shortcuts.map(([key, word]) => <div key={key}><dt><kbd>Alt</kbd> <kbd>{key.toUpperCase()}</kbd></dt><dd>{t(word)}</dd></div>)}</dl>
    </Modal>
  );
}
