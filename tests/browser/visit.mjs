// A user with a browser, for the tests: node visit.mjs '{"urls": […], "answers": [{"username": …, "password": …}, …]}'
//
// Visits the URLs one after the other in one window of a fresh Chromium. `fetch URL` has a script in the page that is open
// fetch it. Each time the browser would show its dialog for a user and a password, it gets the next of the answers; when there
// is none left, the dialog is cancelled.
//
// Prints one line of JSON, for each URL {"status": …, "text": …, "asked": [{"origin", "scheme", "realm", "source"}, …]}.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { urls, answers } = JSON.parse(process.argv[2]);
const packages = createRequire(new URL('../../.tools/node/', import.meta.url));
const { chromium } = (await import(pathToFileURL(packages.resolve('playwright-core')))).default;

const PATIENCE = 60_000; // of a slow machine

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox'], // which root cannot have
    timeout: PATIENCE,
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    const asked = await answerDialogs(page);
    const visits = [];
    for (const url of urls) visits.push({ ...(await visit(page, url)), asked: asked.splice(0) });
    return visits;
  } finally {
    await browser.close();
  }
}

async function visit(page, url) {
  if (url.startsWith('fetch ')) return page.evaluate(byScript, url.slice('fetch '.length));
  const response = await page.goto(url);
  return { status: response.status(), text: await page.evaluate(() => document.body.innerText) };
}

// Runs in the page.
async function byScript(url) {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

// In place of the dialog, which a page cannot reach. Gives the list to which each question is added.
async function answerDialogs(page) {
  const asked = [];
  const devtools = await page.context().newCDPSession(page);
  // Nobody waits for it. The page may be gone before it is sent, with the request of an icon, for example.
  const send = (method, parameters) => devtools.send(method, parameters).catch((error) => {
    if (!page.isClosed() && page.context().browser()?.isConnected()) throw error;
  });
  devtools.on('Fetch.requestPaused', ({ requestId }) => send('Fetch.continueRequest', { requestId }));
  devtools.on('Fetch.authRequired', ({ requestId, authChallenge }) => {
    asked.push(authChallenge);
    const answer = answers.shift();
    const authChallengeResponse = answer ? { response: 'ProvideCredentials', ...answer } : { response: 'CancelAuth' };
    send('Fetch.continueWithAuth', { requestId, authChallengeResponse });
  });
  await devtools.send('Fetch.enable', { handleAuthRequests: true });
  return asked;
}

console.log(JSON.stringify(await main()));
