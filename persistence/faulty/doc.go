// Package faulty is a disk that fails on demand: a storage for LevelDB that
// refuses, cuts short or delays operations, and shows what a loss of power
// would leave. It serves tests and failure testing, never production.
//
// A Disk holds directories and stands for the one device below all of them:
// operations are counted, and power is lost, for all together. Its Open fits
// persistence.Options.Open. What is known of each file is how much of it was
// written, how much synced, and whether its name is durable:
//
//   - what is synced survives PowerLoss, unless the name is not durable;
//   - what is written and not synced survives in part, as the seed has it:
//     nothing, a prefix, or all of it with sectors of zeros;
//   - a failed Sync drops what it should have made durable: as in a real page
//     cache, it still reads back, and no later Sync saves it;
//   - a new name becomes durable with the directory's sync (SyncDir, and the
//     sync of a manifest, as LevelDB's own file storage has it); until then
//     the seed decides;
//   - a removed name may come back, until the directory is synced.
//
// The same holds for the plain files beside the directories (names.go), and for
// directories that are removed. A new directory is durable at once, as
// persistence.OpenFiles syncs it.
//
// Kill shows what the death of the process alone leaves: all that was written.
//
// It imports LevelDB's storage interface only. Data flows through it, from
// LevelDB to a storage below: one in memory, or a real one that is passed in.
package faulty
