// Signing in.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { signIn } from '../session';
import { t, why } from '../words';

export default function SignIn({ instance, message, done }: { instance: string; message: string; done: () => void }) {
  const [values, setValues] = useState({ instance, user: '', password: '' });
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const missing = (value: string) => (tried && !value.trim() ? t('signIn.missing') : '');
  const field = (name: keyof typeof values, more: { type?: 'password'; autoComplete: string }) => (
    <Input {...more} autoComplete={more.autoComplete} value={values[name]} onChange={({ detail }) => setValues((v) => ({ ...v, [name]: detail.value }))} />
  );
  const submit = async () => {
    setTried(true);
    if (Object.values(values).some((v) => !v.trim())) return;
    setBusy(true);
    setProblem('');
    try {
      await signIn(values.instance.trim(), values.user.trim(), values.password);
      done();
    } catch (error) {
      setProblem(why(error));
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form onSubmit={(e) => { e.preventDefault(); void submit(); }} noValidate>
        <h1>{t('signIn.title')}</h1>
        {message && !problem && <Alert type="info">{message}</Alert>}
        {problem && <Alert type="error">{problem}</Alert>}
        <FormField label={t('signIn.instance')} description={t('signIn.instanceHint')} errorText={missing(values.instance)}>{field('instance', { autoComplete: 'organization' })}</FormField>
        <FormField label={t('signIn.user')} errorText={missing(values.user)}>{field('user', { autoComplete: 'username' })}</FormField>
        <FormField label={t('signIn.password')} errorText={missing(values.password)}>{field('password', { type: 'password', autoComplete: 'current-password' })}</FormField>
        <Button variant="primary" formAction="submit" loading={busy}>{t('signIn.submit')}</Button>
      </form>
    </main>
  );
}
