"""What `nurture doctor` makes of what it saw: pure judgements over records, answers and figures."""
