/** One page for every room: the room is its path. What others wrote is shown as text, never as markup. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chat</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { display: grid; grid-template-rows: auto 1fr auto; height: 100vh; max-width: 40rem; margin: auto; }
  form { display: flex; gap: .5rem; align-items: baseline; padding: .75rem; }
  h1 { font-size: 1.25rem; margin: .75rem; }
  ol { list-style: none; margin: 0; padding: 0 .75rem; overflow-y: auto; }
  li b { margin-right: .5rem; }
  input { flex: 1; min-width: 0; font: inherit; padding: .4rem .6rem; }
  button { font: inherit; }
</style>
<h1></h1>
<ol aria-live="polite"></ol>
<form><input autofocus autocomplete="off" maxlength="1500" aria-label="Message" required><button>Say</button></form>
<script type="module">
  const at = (selector) => document.querySelector(selector);
  const room = decodeURIComponent(location.pathname.slice(1)) || 'lobby';
  const user = localStorage.user ||= prompt('Your name?') || 'someone';
  at('h1').textContent = document.title = '#' + room;

  // It connects again by itself, and tells the number of the last message that it has.
  new EventSource(location.pathname).onmessage = ({ data }) => {
    const message = JSON.parse(data);
    const line = document.createElement('li');
    const name = document.createElement('b');
    name.textContent = message.user;
    line.title = new Date(message.time).toLocaleString();
    line.append(name, message.text);
    at('ol').append(line);
    line.scrollIntoView();
  };

  at('form').onsubmit = async (event) => {
    event.preventDefault();
    const said = { id: Date.now() + '-' + Math.random(), user, text: at('input').value };
    at('input').value = '';
    // Under the same id it is one message, however often it is sent.
    for (;;) {
      const answer = await fetch(location.pathname, { method: 'POST', body: JSON.stringify(said) }).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
</script>
</html>
`;
