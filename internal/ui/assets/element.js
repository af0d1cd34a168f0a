/** Makes an element with properties and children; what is no child is left out. */
export function element(name, properties, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children.filter((c) => c));
  return e;
}
