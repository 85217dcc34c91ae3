// Package persistence is what a server has on disk: the transaction log with
// the epochs and the ensemble's name (Log), and the tree as of one zxid
// (State), brought forward by checkpoints. Both are LevelDB databases; they are
// two, because a checkpoint holds its database's write lock, and appends must
// not wait for it.
//
// What does not live here: what a record or a znode means (their bytes are
// opaque), when to append, checkpoint, trim or truncate, and what to do about
// an error. Data flows down, in Append and Commit, and comes back up only at a
// start (Load, Scan) and to bring others up to date (Read, Export, whose chunks
// go down again in the other's Incoming). Of wire, only Zxid, Epoch and Entry
// are used. Start reading at open.go and log.go; why LevelDB is held the way it
// is stands in disk.go, inspect.go and database.go. Package faulty is the disk
// that fails on demand, for tests.
//
// # Layout
//
//	<dataDir>/troupe/state/            the state
//	<dataLogDir>/troupe/log/           the log: its meta data and first records
//	<dataLogDir>/troupe/log/segment.1/ later records; 2 and so on behind them
//	<dataDir>/troupe/current           names the pair in use, if it is not these two
//	<dataDir>/troupe/state.2/          a state that was received from another member
//	<dataLogDir>/troupe/log.2/         the log that goes on behind it; 3 and so on later
//
// The two parts may lie on different file systems. Each directory is locked
// (flock on its LOCK) by the process that has it open. The file current is text,
// and its version 1 is these four lines, the last over those before it:
//
//	troupe current 1
//	state state.2
//	log log.2
//	crc32c 0994e1f5
//
// A version that does not know what stands in the first line refuses to start.
// So does one that finds a pair named that is not there, or, where nothing is
// named, a numbered directory without the first pair: a disk may be missing, and
// nothing is created or removed on such a ground.
//
// A state is received into the pair with the next number, beside the one in
// use. When all of it is synced, current.tmp is written, synced and renamed to
// current, and its directory synced: the renaming is the switch. Open syncs that
// directory again, since the run before may have been killed ahead of doing so,
// and then, with the pair in use locked, removes all others.
//
// A log goes on in a new segment, a database like the log's own, when the one
// before has 4 MiB, which is less than LevelDB keeps in memory before it makes a
// table: what goes into a segment is written once, to its journal. A full segment is
// closed, and opened when somebody reads it, without a change to it (store.go). Trim
// removes whole segments and rewrites nothing. The first records of a log, up to the
// first segment, stay in its own database until Trim takes them one by one, once.
//
// # Formats 1 and 2
//
// All integers are big endian; u32 and u64 have 4 and 8 bytes. Keys sort as
// bytes. Under the keys and values lies LevelDB's own format, with checksums on
// journals, manifests and table blocks, the log's uncompressed, the state's
// with Snappy. The log's keys:
//
//	'l' zxid(u64)      a record: crc(u32) prev(u64) committed(u64) index(u64) data
//	                   crc        CRC-32C over zxid and the value behind the crc
//	                   prev       zxid of the record before it, 0 for the first ever
//	                   committed  last zxid known committed when this was written
//	                   index      1 for the first record ever, then one more each
//	"mformat"          'l' format(u32)
//	"mlow"             zxid(u64) index(u64) of the last record trimmed; none: nothing was
//	"mcommitted"       zxid(u64); the last zxid known committed is the larger of this
//	                   and the last record's
//	"macceptedEpoch"   epoch(u32)
//	"mcurrentEpoch"    epoch(u32)
//	"mensembleId"      its bytes
//	"msegments"        next(u32), then number(u32) low zxid(u64) low index(u64) of each
//	                   segment, in order; low is the last record before it
//	"mvouches"         01: it does not, 02: it does; none: if it has records, see
//	                   Log.Vouches. An older version passes over it, standing alone
//
// Records with zxids up to low are gone; the first record's prev and index
// continue low, each other's continue the one before. Zxids may jump (at a new
// epoch they do), so the chain is by prev, not by one more. The meta keys sort
// behind the records because a table that held both would otherwise span the
// whole log. The last committed zxid is in the record, not in a key of its own,
// for the same reason: tables of nothing but new records are moved down LevelDB's
// levels, not rewritten.
//
// The state's keys:
//
//	'n' path           a znode's value; a path is longer than its parent's, which is
//	                   its prefix, so parents sort, and load, before their children
//	's' id(u64)        a session's value; id is the signed number's two's complement
//	"mformat"          's' format(u32)
//	"mapplied"         zxid(u64) digest(u64)
//
// With the first segment the format of the log becomes 2, since an older version
// would miss the records in it. A segment has records and a format of 1, and no
// other keys; each begins where the one before it ends, so none can be missing
// unnoticed. It is created, then named in "msegments", then written to; what has
// that name and is not named there is removed by the next opening. Numbers are
// not used twice.
//
// A log that goes on behind a received state begins with low at its zxid, with
// index 0. A file 000000.tmp in a log's directory says that what LevelDB found
// was not all there, until the meta data says so (log_vouch.go). Chunks, on
// their way from one member to another, have a format of their own (chunk.go).
//
// The format is raised when a version writes what this one would misread. An
// older program refuses a newer format; a newer program reads all older ones,
// which testdata keeps in samples that are never rewritten.
//
// # Crash rules
//
// One Append is one LevelDB batch, one journal record, one sync: after a crash
// it is there whole or not at all, and it is there if it was acknowledged. The
// same holds for a Set method, an Enter, a TruncateAfter within a segment (over
// more, it goes from the last to the first, and may be cut short in between), a
// step of Trim (which moves low in the same batch) and a chunk put. Nothing is
// written unsynced beside them (Options.NoSync: nothing is synced): LevelDB
// closes a journal without a sync, so mixing leaves holes.
//
// A Commit is one LevelDB transaction: tables, synced, and the record of the
// manifest that names them all. No journal has it, which is why a state in use is
// written by transactions only: LevelDB flushes what is in a journal under the
// sequence number of that time, and if a transaction was committed meanwhile, it is
// forgotten at the next start.
//
// New files' names are synced when the files are created, before anything in
// them is acknowledged; so are the directories that opening creates.
//
// The first write, sync, or creation of a file that fails ends writing, for
// the database's background work too: ErrStopped from then on, until it is
// opened again. The batch that failed may turn up then, whole, or not. Opening
// rewrites what LevelDB had in journals, so what a failed sync dropped from the
// page cache is not trusted twice.
//
// Opening looks at the files before LevelDB may change them (inspect.go):
//
//   - Zeros behind the last record, to the end of the file, are what a journal is
//     filled with ahead (ahead.go). LevelDB does not get to see them.
//   - The last record is cut short, or reads as zeros in a sector or more: what a
//     crash leaves of a write that was not acknowledged, since each is synced
//     before the next. It is dropped: TailTorn, and the chain of all records left
//     is checked.
//   - The last write is all there but fails its checksum: dropped too, but told
//     apart as TailSuspect, since a crash does not leave that.
//   - A later write behind unreadable bytes, a journal that ends badly with
//     another after it, writes that do not follow each other by LevelDB's
//     sequence numbers, a journal, table or manifest that is missing, a table of
//     another size: ErrDamaged, and the files stay as they are.
//   - Of a segment that is full only the names and sizes of the files are looked at.
//     It is inspected when it is read. A crash leaves nothing in it, so a bad end is
//     damage there, as is another end than where the next segment begins.
//   - Damage inside a table is found when it is read, by LevelDB's checksums;
//     lost or exchanged records by the chain, in Scan.
//   - A first start that was cut short left nothing anybody relied on, and
//     begins anew.
//
// What cannot be told: a log whose end was cut exactly between two writes, or
// torn back into acknowledged ones by a disk that lost what it had synced, looks
// like one that ended there. Continues finds that as far as the state reaches.
// Beyond it only the other members know, so one that had TailSuspect, or that
// begins empty, does not vouch for its log until it has entered an epoch.
package persistence
