/* nurture.js: tells nurture what a known visitor does, if they agreed. Sets no cookie, asks nobody else. */
(function () {
  "use strict";
  var me = document.currentScript, data = me.dataset, to = new URL("api/v1/browser", me.src).href;
  var no = navigator.globalPrivacyControl || navigator.doNotTrack === "1" || window.doNotTrack === "1";
  var agreed = !no && data.consent === "yes", token = "", viewed = false, KEY = "nurture.visitor";

  // Kept in this browser only once they agreed; it may also be forbidden to keep anything.
  function kept(value) {
    try {
      if (value === undefined) return localStorage.getItem(KEY) || "";
      if (value) localStorage.setItem(KEY, value); else localStorage.removeItem(KEY);
    } catch (e) { /* then it is known on this page alone */ }
    return "";
  }

  function track(name, properties) {
    if (!agreed || !token) return;
    fetch(to, {
      method: "POST", keepalive: true, credentials: "omit", referrerPolicy: "no-referrer",
      headers: {"Authorization": "Bearer " + data.key, "Content-Type": "application/json"},
      body: JSON.stringify({visitor: token, events: [{name: name, properties: properties || {}}]})
    }).catch(function () {});
  }

  function view() {
    if (viewed || !agreed || !token || data.pages === "no") return;
    viewed = true;
    track("page_view", {url: location.origin + location.pathname});
  }

  function identify(value) {
    token = value;
    if (agreed) kept(token);
    view();
  }

  function consent(yes) {
    agreed = !!yes && !no;
    if (agreed) token = token || kept();
    kept(agreed ? token : null);
    view();
  }

  function forget() { token = ""; kept(null); }

  window.nurture = {identify: identify, track: track, consent: consent, forget: forget};
  if (agreed) { token = kept(); view(); }
})();
