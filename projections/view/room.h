/* Reading states as of any moment. A view is a snapshot: stored rows, the events since folded in memory, and a time that
 * judges use.
 *
 * Sees: rows, fold, store. Begin with state.h: it is the front door of the whole floor. view.h has the internals of a view,
 * only for the rooms above that extend it.
 *
 *   state     opening a view, its projections and their condition; rows has its rows, digest their hash
 *   ask       questions on which something depends, and views that are kept from one to the next
 *   view      (view.h) the insides, and the places where rooms above keep things with a view
 *   watch     what judges look at, told to whoever continues the view
 *   look      how one table's judge reads the rows of another
 *   reason    what a judge says: words, and the events it cites
 *   decision  a yes or no with its words and evidence
 *
 * Words. The "overlay" is what was folded in memory on top of what is stored. A "judge" computes the judged columns of a
 * row as a pure function of the view. "Attested" rows are vouched for by an event in the log: whatever matters (a gate, a
 * digest, a bundle) reads those, through state_ask. */
#ifndef PROJECTIONS_VIEW_ROOM_H
#define PROJECTIONS_VIEW_ROOM_H

#endif
