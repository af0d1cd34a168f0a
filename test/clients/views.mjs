// Views that flows show, on the start page: the demo's, and one of an administrator's own with every component.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { CreateContactFlowCommand, CreateParticipantCommand, CreateViewCommand, DeleteViewCommand } from '@aws-sdk/client-connect';
import { CreateParticipantConnectionCommand, SendMessageCommand } from '@aws-sdk/client-connectparticipant';
import { viewFlow } from './lib/flows.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
afterEach(() => scene.clear());
after(() => scene?.stop());

/** Opens the start page, starts a chat of a flow there, and answers what a test needs of it. */
async function chat(flow, viewport = { width: 375, height: 740 }) {
  const tab = await scene.browser.tab({ viewport });
  const errors = [];
  tab.on('pageerror', (error) => errors.push(String(error)));
  await tab.goto(scene.proxy.address);
  await tab.focus('#flow'); // which looks for flows that have come since
  await tab.selectOption('#flow', { label: flow });
  await tab.click('#start');
  const view = tab.locator('#items .view');
  return {
    tab, errors, view,
    says: (text) => tab.locator('#items li', { hasText: text }).last().waitFor(),
    mine: () => tab.locator('#items li.mine').allTextContents(),
    choose: (name) => view.getByRole('button', { name, exact: true }).click(),
    say: async (text) => {
      await tab.fill('#text', text);
      await tab.keyboard.press('Enter');
    },
    /** What was sent: the content of each SendMessage. */
    sent: () => scene.proxy.calls('/participant/message').map(({ body }) => JSON.parse(body)),
    async fits() {
      assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than its window');
      const items = await tab.locator('#items').evaluate((e) => e.scrollWidth <= e.clientWidth);
      assert.ok(items, 'the chat is wider than its box');
    },
    async picture(name) {
      if (process.env.SCREENSHOTS) await tab.screenshot({ path: `${process.env.SCREENSHOTS}/${name}-${viewport.width}.png`, fullPage: true });
    },
  };
}

const last = (list) => list.at(-1);
const viewAnswer = (sent) => JSON.parse(sent.Content);

for (const viewport of [{ width: 375, height: 740 }, { width: 1280, height: 900 }]) {
  test(`the demo's views in a window ${viewport.width} wide`, async () => {
    const c = await chat('Parley demo with views', viewport);
    await c.says('What would you like to do?');
    await c.fits();
    await c.picture('list');
    await c.view.getByRole('button', { name: 'See the opening hours' }).click();
    await c.says('closed');
    assert.deepEqual(await c.mine(), ['See the opening hours']);
    assert.equal(await c.view.locator('.markup li').count(), 2); // simple HTML is shown as such
    await c.picture('detail');
    await c.choose('Book a table');

    await c.view.locator('form').waitFor();
    await c.fits();
    await c.picture('form');
    assert.equal(await c.view.getByLabel('Name for the table *').inputValue(), 'Ana'); // what the flow filled in
    const before = c.sent().length;
    await c.choose('Book the table');
    assert.equal(await c.tab.evaluate(() => document.activeElement.labels[0].textContent), 'Guests *', 'what is missing is where the keyboard is');
    assert.equal(c.sent().length, before, 'a form without what it requires was sent');

    await c.view.getByLabel('Guests *').fill('4');
    await c.view.getByLabel('Day *').fill('2026-10-31');
    await c.view.getByLabel('Where').selectOption('Inside');
    await c.view.getByLabel('Five courses').check();
    await c.view.getByLabel('Flowers').check();
    await c.view.getByLabel('A birthday cake').check();
    await c.view.getByLabel('Anything else?').fill('No nuts');
    await c.picture('filled');
    await c.tab.keyboard.press('Tab'); // to Book the table
    await c.tab.keyboard.press('Enter');
    await c.says('Booked: 2026-10-31, for 4');
    assert.deepEqual(viewAnswer(last(c.sent())), {
      action: 'Next', templateType: 'ViewResource', version: '1.0',
      data: { FormData: { name: 'Ana', guests: '4', day: '2026-10-31', time: '19:00', where: ['inside'], menu: 'five', extras: ['flowers', 'cake'], notes: 'No nuts' } },
    });
    assert.equal(last(c.sent()).ContentType, 'application/vnd.amazonaws.connect.message.interactive.response');
    assert.equal(last(await c.mine()), 'Book the table\n  Name for the table: Ana\n  Guests: 4\n  Day: 2026-10-31\n  Time: 19:00\n  Where: Inside\n  Menu: Five courses\n  Extras: Flowers, A birthday cake\n  Anything else?: No nuts');
    assert.equal(await c.tab.evaluate(() => document.activeElement.id), 'text');
    await c.picture('answered');
    await c.choose('Done');
    await c.says('The chat has ended');
    assert.deepEqual(viewAnswer(last(c.sent())), { action: 'Next', data: { Label: 'Done' }, templateType: 'ViewResource', version: '1.0' });
    assert.equal(await c.view.locator('button').count(), 0, 'what is answered cannot be answered again');
    await c.fits();
    assert.deepEqual(c.errors, []);
  });
}

const node = (Type, Props = {}, Content = []) => ({ _id: `n${Math.random()}`, Type, Props, Content });

/** Publishes a view and a flow that shows it with data, then says Noted and what came back of paths. */
let made = 0;
async function own(body, data, paths, actions = ['Send']) {
  const name = `View ${++made}`;
  const { parley } = scene;
  const { View } = await parley.connect.send(new CreateViewCommand({ InstanceId: parley.instance, Name: name, Status: 'PUBLISHED',
    Content: { Actions: actions, Template: JSON.stringify({ Head: { Title: name, Configuration: {} }, Body: body }) } }));
  await managed(name, View.Id, data, paths, actions);
  return { name, id: View.Id };
}

/** Publishes a flow that shows a view, then says Noted and what came back of paths. */
async function managed(name, view, data, paths, actions) {
  const Content = viewFlow(view, data, `Noted: $.Views.Action ${paths.map((path) => `$.Views.ViewResultData.${path}`).join(' ')}`, actions);
  await scene.parley.connect.send(new CreateContactFlowCommand({ InstanceId: scene.parley.instance, Name: name, Type: 'CONTACT_FLOW', Content }));
}

test('a view with every component', async () => {
  const { name } = await own([
    node('Container', { header: 'Your order' }, [
      node('TextBox', { Variant: 'h2' }, ['Hello ', '$.Who', ', not $.Who in a text']),
      node('Alert', { type: 'warning', heading: 'Mind' }, ['the gap']),
      node('AttributeBar', { Attributes: '$.Facts' }),
      node('TextBox', { Visibility: 'false' }, ['never seen']),
      node('Application', { AppIdentifier: 'x' }),
      node('Image', { Src: 'https://127.0.0.1:1/none.png', Alt: 'a parcel' }),
      node('Link', { Type: 'external', Url: 'https://example.org/help' }, ['Help']),
      node('Table', { Name: 'orders', TableAction: 'Pick', Items: '$.Rows', Columns: [{ Id: 'id', Label: 'Order' }, { Id: 'go', Label: 'Go', Type: 'action' }, { Id: 'n', Label: 'How many', EditableType: 'input' }] }),
      node('Form', {}, [
        node('FormInput', { Name: 'email', Label: 'E-mail', InputType: 'email', Required: true }),
        node('FormInput', { Name: 'pin', Label: 'PIN', InputType: 'password' }),
        node('RadioGroup', { Name: 'kind', Label: 'Kind', Options: ['new', 'old'] }),
        node('FormInput', { Name: 'number', Label: 'Number', Required: true, Visibility: { Conditions: [{ Equals: { ElementByKey: 'kind', ElementByValue: 'old' } }] } }),
        node('CheckboxGroup', { Name: 'extras', Label: 'Extras', Required: true, Options: '$.Extras' }),
        node('Dropdown', { Name: 'days', Label: 'Days', MultiSelect: true, DefaultValue: ['mo'], Options: [{ Label: 'Monday', Value: 'mo' }, { Label: 'Tuesday', Value: 'tu' }] }),
        node('Toggle', { Name: 'news', Label: 'News' }),
        node('Address', { Name: 'address' }),
        node('SubmitButton', { Label: 'Send it', Action: 'Send' }),
        node('ButtonGroup', { Items: [{ Label: 'Leave', Action: 'Leave' }, { Label: 'Off', Action: 'Off', Disabled: true }] }),
      ]),
    ]),
  ], { Who: 'Ana', Facts: [{ Label: 'Since', Value: '2020' }], Rows: [{ id: 'A 1', go: 'Choose it', n: 2 }], Extras: [{ Label: 'Wrapping', Value: 'wrap' }, { Label: 'A card', Value: 'card' }] },
  ['email', 'extras.0', 'days.1', 'news.0'], ['Send', 'Pick', 'Leave', 'Off']);

  let c = await chat(name);
  await c.says('Hello Ana, not $.Who in a text');
  for (const text of ['Mind', 'Since', '(Application: this page does not show it)', '(Address: this page does not show it)', '(Image: a parcel)', '(Table: its cells cannot be edited on this page)']) await c.says(text);
  assert.equal(await c.view.getByText('never seen').count(), 0);
  assert.equal(await c.view.getByRole('link', { name: 'Help' }).getAttribute('href'), 'https://example.org/help');
  assert.equal(await c.view.getByRole('button', { name: 'Off' }).isDisabled(), true);
  await c.fits();
  await c.picture('own');

  const missing = () => c.tab.evaluate(() => document.activeElement.validationMessage);
  await c.view.getByLabel('E-mail *').fill('nobody');
  await c.choose('Send it');
  assert.match(await missing(), /@/);
  await c.view.getByLabel('E-mail *').fill('a@example.org');
  await c.view.getByLabel('old', { exact: true }).check();
  await c.choose('Send it');
  assert.equal(await c.tab.evaluate(() => document.activeElement.labels[0].textContent), 'Number *', 'a field that has come into view is required');
  await c.view.getByLabel('new', { exact: true }).check();
  assert.equal(await c.view.getByLabel('Number *').isVisible(), false);
  await c.choose('Send it');
  assert.equal(await missing(), 'Choose at least one.');
  assert.equal(c.sent().length, 0);
  await c.view.getByLabel('Wrapping').check();
  await c.view.getByLabel('Tuesday').check();
  await c.view.getByLabel('News').check();
  await c.view.getByLabel('PIN', { exact: true }).fill('1234');
  await c.view.getByLabel('PIN', { exact: true }).press('Enter'); // as the button does
  await c.says('Noted: Send a@example.org wrap tu true');
  assert.deepEqual(viewAnswer(last(c.sent())).data, { email: 'a@example.org', pin: '1234', kind: 'new', extras: ['wrap'], days: ['mo', 'tu'], news: ['true'] });
  assert.ok(last(await c.mine()).includes('PIN: …'), 'a password is shown');
  assert.deepEqual(c.errors, []);

  c = await chat(name);
  await c.says('Hello Ana');
  await c.choose('Choose it');
  await c.says('Noted: Pick');
  assert.deepEqual(viewAnswer(last(c.sent())).data, { orders: [{ id: 'A 1', go: 'Choose it', n: 2 }] });
  c = await chat(name);
  await c.says('Hello Ana');
  await c.choose('Leave'); // which needs nothing, and takes nothing along
  await c.says('Noted: Leave');
  assert.deepEqual(viewAnswer(last(c.sent())), { action: 'Leave', data: { action: 'Leave' }, templateType: 'ViewResource', version: '1.0' });
});

test('cards and the steps of a form, as exported flows have them', async () => {
  await managed('Cards', 'cards', { Heading: 'About…', Cards: [
    { Summary: { Id: 'lost', Heading: 'Lost luggage', Status: 'Upcoming' }, Detail: { Heading: 'A claim', Description: '5 minutes', Sections: { TemplateString: '<TextContent>Steps:<ol><li>One</li></ol></TextContent>' }, Actions: '["Start","Stop"]' } },
    { Summary: { Id: 'other', Heading: 'Something else' } }], NoMatchFound: { Label: 'No match?' } }, ['actionName'], ['ActionSelected', 'NoMatchFound']);
  let c = await chat('Cards');
  await c.says('Lost luggage');
  await c.view.getByText('More').click();
  await c.says('5 minutes');
  await c.picture('cards');
  await c.choose('Stop');
  await c.says('Noted: ActionSelected Stop');
  c = await chat('Cards');
  await c.choose('Something else');
  await c.says('Noted: ActionSelected other');

  await managed('Steps', 'form:1', { Heading: 'A car', ErrorText: 'That was wrong', Wizard: [{ Heading: 'Dates' }, { Heading: 'Extras', Selected: 'true' }], Edit: 'Edit', Next: { Label: 'Go on' }, Cancel: 'Cancel',
    Sections: [{ Type: 'DataSection', Heading: 'You', IsEditable: true, Items: [{ Label: 'Name', Value: 'Ana' }] }, { Items: [{ Type: 'FormInput', Name: 'seat', Label: 'Seat', Required: true }] }] }, ['StepName'], ['Next', 'Step', 'Cancel']);
  for (const [button, action, data] of [
    ['Edit', 'Step', { FormData: { seat: '7' }, StepName: 'You' }], ['Dates', 'Step', { FormData: { seat: '7' }, StepName: 'Dates' }],
    ['Cancel', 'Cancel', { FormData: { seat: '7' }, StepName: 'Extras' }], ['Go on', 'Next', { FormData: { seat: '7' }, StepName: 'Extras' }],
  ]) {
    c = await chat('Steps');
    await c.says('That was wrong');
    if (button === 'Edit') await c.picture('steps');
    await c.view.getByLabel('Seat *').fill('7');
    await c.choose(button);
    await c.says(`Noted: ${action} ${data.StepName}`);
    const sent = viewAnswer(last(c.sent()));
    assert.deepEqual([sent.action, sent.data], [action, data]);
    assert.deepEqual(c.errors, []);
  }
});

/** A form with one field. */
const notes = () => own([node('Form', {}, [node('TextArea', { Name: 'notes', Label: 'Notes' }), node('SubmitButton', { Label: 'Send it', Action: 'Send' })])], {}, ['notes']);

test('a view that cannot be fetched, that is deleted, and an answer that is refused', async () => {
  const { name, id } = await notes();
  const { parley } = scene;
  await parley.faults({ Operation: 'DescribeView', Status: 403, Code: 'AccessDeniedException', Count: 1 }); // a token that is none any more
  const c = await chat(name);
  await c.says('This view cannot be shown: AccessDeniedException');
  await parley.faults({ Operation: 'DescribeView', Status: 404, Code: 'ResourceNotFoundException', Count: 1 });
  await c.choose('Try again');
  await c.says('This view cannot be shown: ResourceNotFoundException');
  await c.picture('failed');
  await parley.connect.send(new DeleteViewCommand({ InstanceId: parley.instance, ViewId: id }));
  await c.choose('Try again'); // what was shown can be read for as long as a chat may last
  await c.view.getByLabel('Notes').fill('x'.repeat(13_000));
  await c.choose('Send it');
  await c.tab.locator('#problem', { hasText: 'ValidationException' }).waitFor();
  assert.equal((await c.view.getByLabel('Notes').inputValue()).length, 13_000, 'what was refused is lost');
  await c.view.getByLabel('Notes').fill('short ones');
  await parley.faults({ Operation: 'SendMessage', Status: 503, Count: 1 });
  await c.view.getByRole('button', { name: 'Send it' }).focus();
  await c.tab.keyboard.press('Enter');
  await c.tab.locator('#problem', { hasText: 'InternalServerException' }).waitFor();
  assert.equal(await c.tab.evaluate(() => document.activeElement.textContent), 'Send it', 'the keyboard is where it was');
  await c.tab.keyboard.press('Enter');
  await c.says('Noted: Send short ones');
  assert.ok(await c.tab.locator('#problem').isHidden());
  assert.deepEqual(c.errors, []);
});

test('a view that something follows is over', async () => {
  const { name } = await notes();
  const { parley, proxy } = scene;
  // What is typed answers it without an action, as the chat widget does: the flow goes on.
  let c = await chat(name);
  await c.view.locator('textarea').waitFor();
  await c.say('I would rather write');
  await c.says('No such action');
  assert.deepEqual(viewAnswer(last(c.sent())), { action: ' ', data: { content: 'I would rather write' }, templateType: 'ViewResource', version: '1.0' });
  assert.deepEqual(await c.mine(), ['I would rather write']);

  // Somebody else says something.
  c = await chat(name);
  await c.view.locator('textarea').waitFor();
  const { ContactId } = JSON.parse(proxy.calls('/contact/chat').at(-1).answer);
  const bot = await parley.connect.send(new CreateParticipantCommand({ InstanceId: parley.instance, ContactId, ParticipantDetails: { ParticipantRole: 'CUSTOM_BOT', DisplayName: 'Botto' } }));
  const { ConnectionCredentials } = await parley.participant.send(new CreateParticipantConnectionCommand({ ParticipantToken: bot.ParticipantCredentials.ParticipantToken, Type: ['CONNECTION_CREDENTIALS'], ConnectParticipant: true }));
  await parley.participant.send(new SendMessageCommand({ ConnectionToken: ConnectionCredentials.ConnectionToken, ContentType: 'text/plain', Content: 'Are you there?' }));
  await c.says('Are you there?');
  assert.equal(await c.view.locator('textarea, button').count(), 0);
  await c.say('I am'); // a message
  await c.says('I am');
  assert.equal(last(c.sent()).ContentType, 'text/plain');

  // Its time is over, and with it the chat.
  await parley.advance('11m');
  await c.says('Too late');
  await c.says('The chat has ended');
  assert.deepEqual(c.errors, []);

  // The customer ends the chat.
  c = await chat(name);
  await c.view.locator('textarea').waitFor();
  await c.tab.click('#end');
  await c.says('The chat has ended');
  assert.equal(await c.view.locator('textarea, button').count(), 0);
});

test('what a flow puts into a view becomes no HTML but simple elements', async () => {
  await managed('Hostile', 'detail', { Heading: '<img src=x>', Sections: [
    { TemplateString: '<p onclick="alert(1)" style="color:red">Steps</p><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">bad</a><a href="https://example.org">good</a><form><input></form>' },
    { Heading: 'Links', Items: [{ Label: 'L', Value: 'V', Url: 'javascript:alert(1)' }] }], Actions: ['<b>Go</b>'], Back: { Label: {} } }, [], ['ActionSelected']);
  const c = await chat('Hostile');
  await c.says('<img src=x>');
  assert.deepEqual(await c.view.locator('a').evaluateAll((links) => links.map((l) => l.getAttribute('href'))), [null, 'https://example.org']);
  assert.equal(await c.view.locator('img, script, input, form, b, [onclick], [style]').count(), 0);
  assert.equal(await c.view.getByText('alert(1)').count(), 1); // the URL, as a text
  await c.choose('<b>Go</b>');
  await c.says('Noted: ActionSelected');

  for (const [view, data] of [['form', { Sections: 7, Wizard: 'x', Next: [] }], ['list', { Items: [7, null, [[]]] }], ['cards', { Cards: { Summary: 7 } }], ['confirmation', {}]]) {
    await managed(`Strange ${view}`, view, data, [], ['Next']);
    const s = await chat(`Strange ${view}`);
    await s.view.waitFor();
    await s.tab.waitForFunction(() => !document.querySelector('.view').textContent.includes('Fetching'));
    assert.equal(await s.view.getByText('cannot be shown:').count(), 0, view);
    assert.ok((await s.view.textContent()).trim(), `${view} says nothing`);
    assert.deepEqual(s.errors, []);
  }
  assert.deepEqual(c.errors, []);
});
