// Package view reads a view as the client of a customer does: from the template
// that DescribeView returns and the data that ShowView sends with it, it makes a
// list of what is shown, asked and offered, in order ([Read]), and from what was
// filled in the data of the answer ([View.Answer]). Both the components that an
// administrator puts together and the views that the service manages are read.
//
// A template is published after checks, but its data is a flow's and may be
// anything: what is missing is left out, what cannot be read is named, and
// nothing is an error but a template that is not JSON. The package is pure, and
// knows nothing of how a view is drawn. Start reading at [View].
package view
