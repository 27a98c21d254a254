//! The start page of the site: a button for each example.

use std::fmt::Write;

use super::examples::Example;

/// Scripts and requests of the page come from the site and go to it.
pub(super) const POLICY: &str =
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";

/// Asks the site as the pressed button says, and shows the answer as text.
pub(super) const SCRIPT: &str = r"'use strict';
const shown = document.getElementById('answer');
for (const button of document.querySelectorAll('button')) {
  button.addEventListener('click', async () => {
    const headers = {};
    if (button.dataset.token) headers['Authorization'] = `Bearer ${button.dataset.token}`;
    if (button.dataset.subject) headers['X-Auth-Subject'] = button.dataset.subject;
    const answer = await fetch('/hello', {headers});
    const fields = [...answer.headers].map(([name, value]) => `${name}: ${value}`);
    shown.textContent = [`${answer.status} ${answer.statusText}`, ...fields, '', await answer.text()].join('\n');
  });
}
";

/// Writes the page. Tokens are base64url, and all other texts are ours, so that nothing has to be
/// escaped.
pub(super) fn html(examples: &[Example]) -> String {
    let mut page = String::from(HEAD);
    for example in examples {
        // Writing to a String cannot fail.
        let _ = write!(page, "<li><button");
        if let Some(token) = &example.token {
            let _ = write!(page, " data-token=\"{token}\"");
        }
        if let Some(subject) = example.claimed_subject {
            let _ = write!(page, " data-subject=\"{subject}\"");
        }
        let _ = writeln!(page, ">ask</button> {}</li>", example.promise);
    }
    page.push_str(FOOT);
    page
}

const HEAD: &str = "\
<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>doorward demo</title>
<h1>doorward demo</h1>
<p>This page is open; every other path of the site is guarded. A button asks for <code>/hello</code> with the token
beside it, as a script of yours would. A link cannot: browsers send no <code>Authorization</code> of their own.</p>
<ul>
";

const FOOT: &str = "\
</ul>
<h2>Answer</h2>
<pre id=\"answer\">nothing was asked yet</pre>
<script src=\"/demo.js\"></script>
</html>
";
