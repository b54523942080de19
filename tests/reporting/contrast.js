// Texts whose contrast with what is behind them is below 4.5 to 1: WCAG 2.2, 1.4.3.
(() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map(
      (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, element = text.parentElement;
    const style = getComputedStyle(element);
    if (!text.data.trim() || style.opacity === "0" || !element.getClientRects().length) continue;
    const behind = [];
    for (let at = element; at; at = at.parentElement) {
      if (at.namespaceURI.endsWith("svg") && at !== element) continue;
      if (!at.namespaceURI.endsWith("svg")) behind.unshift(getComputedStyle(at).backgroundColor);
    }
    const inSvg = element.namespaceURI.endsWith("svg");
    const ink = inSvg ? style.fill : style.color;
    const [a, b] = [light(over(behind)), light(over([...behind, ink]))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${text.data.trim().slice(0, 40)}`);
  }
  return [...new Set(poor)];
})()
