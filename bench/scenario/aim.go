package scenario

import "fmt"

// aims are the most that a figure may be of Apache's, by scenario and name.
var aims = map[[2]string]float64{
	{"fan-out", "last of 1000 told"}: 1.0 / 3,
}

// wanted says what is aimed at, and whether it is met; "-" if nothing is.
func (r *Row) wanted() string {
	aim, is := aims[[2]string{r.Scenario, r.Name}]
	if !is {
		return "-"
	}
	switch ratio := r.Ratio(); {
	case ratio == 0:
		return fmt.Sprintf("<= %.2f", aim)
	case ratio <= aim:
		return fmt.Sprintf("<= %.2f: met", aim)
	}
	return fmt.Sprintf("<= %.2f: not met", aim)
}
