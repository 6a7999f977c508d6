// The theme colours diagrams for light and dark, but for the ends of arrows and the titles of sections.
{
  const colours = `
    marker path { fill: var(--md-default-fg-color--light) !important; stroke: none !important; }
    .sectionTitle, .sectionTitle tspan { fill: var(--md-mermaid-sequence-loop-fg-color) !important; }
  `
  const initialize = mermaid.initialize
  mermaid.initialize = config => initialize.call(mermaid, { ...config, themeCSS: config.themeCSS + colours })
}
