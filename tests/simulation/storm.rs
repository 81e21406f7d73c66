//! Accidents, for as long as the storm lasts: replicas are killed, stopped, paused and cut off, the
//! database goes away, clocks are set, and hints get lost.

use std::sync::Arc;
use std::time::Duration;

use super::replica::Replica;
use super::weather::Gate;
use super::world::World;

/// Has one accident after the other, until the storm is over; then all is well.
pub async fn rage(world: Arc<World>) {
    let end = world.begun + world.plan.storm;
    while super::time::now() < end {
        tokio::time::sleep(world.dice.millis(500, 12_000)).await;
        if world.plan.odds.has_accidents {
            have_accident(&world);
        }
    }
    tokio::time::sleep_until(end).await;
    world.calm_down();
}

fn have_accident(world: &Arc<World>) {
    let replica = world.dice.below(world.plan.replicas);
    let number = [("replica", replica)];
    match world.dice.below(8) {
        0 | 1 => {
            world.trace.step("fault: a replica is killed", &number);
            let away = world.dice.millis(0, 30_000);
            world.replace(replica, away, |old, world| async move { old.kill(&world) });
        }
        2 => {
            world.trace.step("fault: a replica is stopped", &number);
            let away = world.dice.millis(0, 5_000);
            world.replace(replica, away, |old, world| async move { old.stop(&world).await });
        }
        3 | 4 => {
            world.trace.step("fault: a replica is paused", &number);
            let longest = *world.dice.pick(&[2_000, 10_000, 60_000]);
            let wait = world.dice.millis(100, longest);
            for_a_while(
                world,
                replica,
                wait,
                |replica| {
                    replica.weather.set_gate(Gate::Paused);
                },
                |replica| replica.weather.set_gate(Gate::Open),
            );
        }
        5 => {
            world.trace.step("fault: a replica is cut off", &number);
            let wait = world.dice.millis(500, 40_000);
            cut_off(world, replica, wait);
        }
        6 => {
            world.trace.step("fault: the database is away", &[]);
            let wait = world.dice.millis(500, 30_000);
            (0..world.plan.replicas).for_each(|replica| cut_off(world, replica, wait));
        }
        _ if world.may_set_clock() => {
            world.trace.step("fault: a clock is set", &number);
            let day = 24 * 3_600 * 1_000;
            let by = *world.dice.pick(&[-day, -3_600_000, -7_000, 900, 7_000, 3_600_000, day]);
            world.with(replica, |replica| replica.clock.set(by));
        }
        _ => {}
    }
}

fn cut_off(world: &Arc<World>, replica: u64, wait: Duration) {
    for_a_while(
        world,
        replica,
        wait,
        |replica| replica.weather.set_cut_off(true),
        |replica| {
            replica.weather.set_cut_off(false);
        },
    );
}

/// Does something to a replica, and undoes it after a while, or when the storm is over.
fn for_a_while(
    world: &Arc<World>,
    replica: u64,
    wait: Duration,
    begin: impl FnOnce(&Replica),
    end: impl FnOnce(&Replica) + Send + 'static,
) {
    world.with(replica, begin);
    let world = Arc::clone(world);
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        world.with(replica, end);
    });
}
