// Package flowgraph draws contact flows: as SVG, laid out by the package
// itself, and as a Mermaid flowchart, laid out by whoever shows it.
//
// A drawing depends on nothing but the flow and the options, so it may be
// kept under version control. [Draw] and [Mermaid] take a [check.Outline];
// [Title] and [Summary] say in a few words what an action is and does, and
// serve other tools too.
package flowgraph
