-- How every customer differs between two runs. The other figures of this folder are computed from this.
--
-- `change`: where the customer went between the stages. `proposal`: the move proposed now, if the earlier run did not
-- propose it. What is gained and lost of actions and signs follows from the rules that fired; null, where the rules of
-- the earlier run are not at hand.
WITH
    decided AS (
        SELECT n.customer, n.contribution, n.move, n.proposed_stage, n.value_next, e.actions, e.signs
        FROM now n
        JOIN effects_now e USING (rule_list)
    ),
    decided_before AS (
        SELECT n.customer, n.contribution, n.move, n.proposed_stage, n.value_next, e.actions, e.signs
        FROM earlier n
        JOIN effects_earlier e USING (rule_list)
    )
SELECT
    s.customer,
    s.name,
    s.account_manager,
    coalesce(n.contribution, e.contribution) AS contribution,
    s.stage_before,
    s.stage,
    s.was_here,
    s.is_here,
    s.is_here AND n.customer IS NULL AS is_undecided,
    CASE
        WHEN NOT s.was_here THEN 'arrived'
        WHEN NOT s.is_here THEN 'gone'
        WHEN s.stage IS NOT DISTINCT FROM s.stage_before OR n.customer IS NULL THEN NULL
        WHEN s.stage_before IS NULL THEN 'placed'
        WHEN s.stage IS NULL THEN 'unplaced'
        WHEN s.rung IS NULL THEN 'aside'
        WHEN s.rung_before IS NULL THEN 'back'
        WHEN s.rung > s.rung_before THEN 'up'
        ELSE 'down'
    END AS change,
    n.proposed_stage,
    CASE
        WHEN n.move = 'stay' THEN NULL
        WHEN n.move IS NOT DISTINCT FROM e.move AND n.proposed_stage IS NOT DISTINCT FROM e.proposed_stage THEN NULL
        ELSE n.move
    END AS proposal,
    e.value_next AS value_before,
    n.value_next AS value,
    e.actions AS actions_before,
    n.actions,
    CASE
        WHEN rules_known() AND s.is_here
            THEN list_filter(n.actions, lambda one: NOT coalesce(list_contains(e.actions, one), false))
    END AS actions_gained,
    CASE
        WHEN rules_known() AND s.was_here
            THEN list_filter(e.actions, lambda one: NOT coalesce(list_contains(n.actions, one), false))
    END AS actions_lost,
    CASE
        WHEN rules_known() AND s.is_here
            THEN list_filter(n.signs, lambda one: NOT coalesce(list_contains(e.signs, one), false))
    END AS signs_gained,
    CASE
        WHEN rules_known() AND s.was_here
            THEN list_filter(e.signs, lambda one: NOT coalesce(list_contains(n.signs, one), false))
    END AS signs_lost
FROM standing s
LEFT JOIN decided n USING (customer)
LEFT JOIN decided_before e USING (customer)
