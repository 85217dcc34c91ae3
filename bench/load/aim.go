package load

import "fmt"

// CeilingShare is the share of the ceiling's rate that meets a row as well as its
// aim does: a row cannot be many times Apache's rate where the machine ends.
const CeilingShare = 0.6

// aims are how many times Apache's rate the rows have to reach, on one server and
// on three. A create is of 100 bytes there, all else of 1 KiB.
var aims = map[Workload]map[Shape][2]float64{
	Get:    {{1, 1}: {2, 2}, {10, 40}: {6, 6}},
	Mixed:  {{10, 40}: {6, 5}},
	Set:    {{1, 1}: {1.5, 2}, {50, 1}: {2, 3}, {10, 40}: {3, 4}},
	Create: {{10, 40}: {3, 4}},
}

// aimBeyond is the aim of every row on more than three servers, and aimElse that
// of rows that are not among the aims.
const aimBeyond, aimElse = 2.0, 1.0

func (r *Row) aim(servers int) float64 {
	aim, known := aims[r.Workload][r.Shape]
	switch {
	case servers > 3:
		return aimBeyond
	case !known:
		return aimElse
	case servers == 1:
		return aim[0]
	}
	return aim[1]
}

// Verdict says by what the row is met, on so many servers, or that it is not; ""
// if it cannot be judged.
func (r *Row) Verdict(servers int) string {
	ratio, share, aim := r.Ratio(Troupe, Apache), r.Ratio(Troupe, Ceiling), r.aim(servers)
	switch {
	case ratio == 0 && share == 0:
		return ""
	case ratio >= aim:
		return fmt.Sprintf("%g times Apache's", aim)
	case share >= CeilingShare:
		return fmt.Sprintf("%.0f %% of the ceiling", CeilingShare*100)
	}
	return fmt.Sprintf("no, wants %g times Apache's", aim)
}
